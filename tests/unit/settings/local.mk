# Unit tests of src/settings.
