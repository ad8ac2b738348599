typedef int none_profile; /* replaced by the room itself */
