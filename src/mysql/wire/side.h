/** @file side.h  The two ends of a session, and of each packet. */
#ifndef MYSQL_WIRE_SIDE_H
#define MYSQL_WIRE_SIDE_H

/** Also the index into arrays with an element for each side. */
enum side { SIDE_CLIENT, SIDE_SERVER };

#endif
