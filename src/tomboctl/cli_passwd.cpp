#include "tomboctl/cli_passwd.hpp"

#include <map>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace tombo::tomboctl {

void describe_passwd(CLI::App& app, Invocation& invocation) {
  PasswdWish& wish = invocation.passwd;
  auto* passwd = app.add_subcommand("passwd", "Create and edit a password file");
  auto* create = passwd->add_flag("-c,--create", wish.create, "Make a new file; an old one of this name goes");
  auto* batch = passwd->add_flag("-b,--batch", wish.batch, "The password is PASSWORD, which others may see in the process list");
  passwd->add_flag("-D,--delete", wish.remove, "Remove the user")->excludes(create)->excludes(batch);
  using Form = PasswdWish::Form;
  const std::map<std::string, Form> forms{{"argon2id", Form::argon2id}, {"pbkdf2", Form::pbkdf2}};
  auto* scram = passwd->add_flag("--scram", wish.scram, "A file of SCRAM credentials, as in [scram]");
  passwd->add_option_function<Form>("--hash", [&wish](const Form& form) {
    wish.form = form;
    wish.form_given = true;
  }, "argon2id, the default where it is compiled in, or pbkdf2, which Mosquitto reads, too")
      // Described by hand: CLI11 would show the numbers of Form, as characters that end the help's text.
      ->transform(CLI::Transformer(forms).description("{argon2id,pbkdf2}"))->type_name("KIND")->excludes(scram);
  passwd->add_option("file", wish.file, "Password file, as in [passwords] or [scram]")->type_name("FILE")->required();
  passwd->add_option("user", wish.user, "User name")->type_name("USER")->required();
  auto* password = passwd->add_option("password", wish.password, "With -b; otherwise it is asked for, or the first line of stdin")
      ->type_name("PASSWORD");
  password->needs(batch);
  batch->needs(password);
  passwd->callback([&wish] { wish.wanted = true; });
}

}  // namespace tombo::tomboctl
