/*
 * config - configuration files: lines of `key = value`; `#` begins a
 * comment. A key that is not known, or a value that it does not take, is an
 * error that names the line.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "cli/options.h"

/* Reads one file into the options; it need not be there. Returns whether it
 * is in order; if not, it has been said where not. */
bool config_read(struct options *o, const char *path);

#endif
