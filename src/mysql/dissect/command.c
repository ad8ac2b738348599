#include "mysql/dissect/command.h"

void command_free(struct command *cmd)
{
        if (cmd != NULL) {
                prof_free(cmd->body);
                prof_free(cmd->text);
                prof_free(cmd->changes);
                row_store_free(cmd->first_rows);
                prof_free(cmd);
        }
}
