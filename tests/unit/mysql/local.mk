# Unit tests of src/mysql.
