# Unit tests of src/profile.
