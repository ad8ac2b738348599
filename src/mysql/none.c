typedef int none_mysql; /* replaced by the room itself */
