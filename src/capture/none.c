typedef int none_capture; /* replaced by the room itself */
