# Unit tests of src/journal.
