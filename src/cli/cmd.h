/*
 * cmd - the commands of the program, one file each. Every one takes the
 * options and returns the exit code.
 */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include "cli/options.h"

int cmd_register(const struct options *o);
int cmd_login(const struct options *o);
int cmd_whoami(const struct options *o);
int cmd_list(const struct options *o);
int cmd_status(const struct options *o);
int cmd_send(const struct options *o);
int cmd_receive(const struct options *o);
int cmd_chat(const struct options *o);
int cmd_verify(const struct options *o);
int cmd_devices(const struct options *o);
int cmd_passwd(const struct options *o);
int cmd_logout(const struct options *o);

#endif
