typedef int none_settings; /* replaced by the room itself */
