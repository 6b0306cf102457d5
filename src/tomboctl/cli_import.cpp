#include "tomboctl/cli_import.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace tombo::tomboctl {

void describe_import(CLI::App& app, Invocation& invocation) {
  ImportWish& wish = invocation.import;
  auto* import =
      app.add_subcommand("import", "Print a mosquitto.conf as TOML, each option with the line that it came from");
  import->add_option("file", wish.file, "The file; what its include_dir names is read, too")
      ->type_name("FILE")
      ->required();
  auto* output = import
                     ->add_option("-o,--output", wish.output,
                                  "Write to TOML instead, which only its owner can read: it may hold passwords")
                     ->type_name("TOML");
  import->add_flag("-f,--force", wish.force, "Even if TOML is there already")->needs(output);
  import->callback([&wish] { wish.wanted = true;
});
}  // namespace tombo::tomboctl

}  // namespace tombo::tomboctl
