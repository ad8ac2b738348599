typedef int none_cli; /* replaced by the room itself */
