typedef int none_proxy; /* replaced by the room itself */
