#pragma once

namespace tombo::app {

/// From now on an allocation that fails ends the process with a line that says so, whoever made it: neither we nor the
/// libraries below us can go on from there, and what was acknowledged is on disk.  Once, before there are threads.
void end_when_memory_is_exhausted();

}  // namespace tombo::app
