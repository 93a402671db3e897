"""What runs in a Python that is not afspec's own: nothing here imports anything of afspec, or newer than Python 3.9."""
