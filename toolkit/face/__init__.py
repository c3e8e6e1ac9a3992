"""Face driving: a picture is uploaded, similar faces are found in a library, and a new face is made of them."""
