/* Has a version and no beginning. */
#include <tombo/plugin.h>

TOMBO_PLUGIN_DECLARE;
