/* The one bug of this run, none at first. */
#include "base/plant.h"

int sotto_plant;
