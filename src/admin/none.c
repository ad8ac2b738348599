typedef int none_admin; /* replaced by the room itself */
