typedef int none_journal; /* replaced by the room itself */
