/** @file commands.h  The functions that run the commands, for the tables in cli.c and heap.c. argv[0] is the name of the command; each
 * returns an exit status (exit.h).
 * Threads: main. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

/* proxy_command.c */
int command_proxy(int argc, char **argv);
/* run_command.c */
int command_run(int argc, char **argv);
/* show.c */
int command_tail(int argc, char **argv);
int command_sessions(int argc, char **argv);
int command_stages(int argc, char **argv);
int command_hex(int argc, char **argv);
int command_pcap(int argc, char **argv);
/* top.c */
int command_top(int argc, char **argv);
/* read.c */
int command_read(int argc, char **argv);
/* probe.c */
int command_probe(int argc, char **argv);
/* digest.c */
int command_digest(int argc, char **argv);
/* heap.c */
int command_heap(int argc, char **argv);
/* mcp.c */
int command_mcp(int argc, char **argv);
/* config.c */
int command_config(int argc, char **argv);
int command_schema(int argc, char **argv);

/* Subcommands of heap; @p usage is how to use them. */
/* explain.c */
int command_explain(int argc, char **argv, const char *usage);
/* watch.c */
int command_watch(int argc, char **argv, const char *usage);

#endif
