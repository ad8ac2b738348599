# Unit tests of src/capture.
