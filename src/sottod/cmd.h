/*
 * cmd - the commands of sottod, one file each. Each returns the exit code,
 * and has said what there was to say.
 */
#ifndef SOTTOD_CMD_H
#define SOTTOD_CMD_H

#include "sottod/options.h"

int cmd_serve(const struct options *o, const struct config *c);
int cmd_invite(const struct options *o, const struct config *c);
int cmd_user(const struct options *o, const struct config *c);
int cmd_stats(const struct options *o, const struct config *c);
int cmd_backup(const struct options *o, const struct config *c);
int cmd_restore(const struct options *o, const struct config *c);
int cmd_check(const struct options *o, const struct config *c);

#endif
