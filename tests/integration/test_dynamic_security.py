"""Debian's dynamic security plugin, unmodified, managed by Debian's mosquitto_ctrl, in the running broker.

With BROKER=mosquitto the same cases run against Debian's broker, to check the tests themselves.
"""

import re
import subprocess
from pathlib import Path

import harness
from guests import GuestTest
from harness import main, wait_until

DYNSEC = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so"
ADMIN = ["-u", "admin", "-P", "adminpw"]


class DynamicSecurity(GuestTest):
    @classmethod
    def make_plugin(cls):
        cls.file = Path(cls.folder.name) / "dynamic-security.json"
        made = subprocess.run(["mosquitto_ctrl", "dynsec", "init", str(cls.file), "admin", "adminpw"], capture_output=True, text=True,
                              timeout=harness.DEADLINE_S)
        assert cls.file.exists(), made.stdout + made.stderr
        cls.plugin_options = [f"config_file={cls.file}"]
        return DYNSEC

    def control(self, *command, expect=0):
        done = subprocess.run(self.client("mosquitto_ctrl", *ADMIN, "dynsec", *command), capture_output=True, text=True,
                              timeout=harness.DEADLINE_S)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, expect, said)
        self.assertNotRegex(said, "Error|timed out")
        return said

    def user(self, name, *roles):
        """A client of its own with these roles."""
        name = f"{self._testMethodName}-{name}"
        self.control("createClient", name, "-p", "secret")
        for role in roles:
            self.control("addClientRole", name, role)
        return ["-u", name, "-P", "secret"], name

    def role(self, *acls):
        name = f"{self._testMethodName}-role{len(acls)}"
        self.control("createRole", name)
        for acl in acls:
            self.control("addRoleACL", name, *acl.split())
        return name

    def test_who_was_created_comes_in_and_nobody_else(self):
        alice, name = self.user("alice")
        refused = self.publish("a", "1", "-u", name, "-P", "wrong", "-q", "1")
        self.assertNotEqual(refused.returncode, 0)
        self.assertRegex(refused.stderr + refused.stdout, "(?i)not authori|bad user")
        self.assertNotEqual(self.publish("a", "1", "-u", "nobody", "-P", "x", "-q", "1").returncode, 0)
        self.assertEqual(self.publish("a", "1", *alice).returncode, 0)
        for version in ("mqttv31", "mqttv311"):
            self.assertNotEqual(self.publish("a", "1", "-u", name, "-P", "wrong", version=version).returncode, 0)
            self.assertEqual(self.publish("a", "1", *alice, version=version).returncode, 0)

    def test_publishing_needs_a_role(self):
        reader, _ = self.user("reader", self.role("subscribePattern # allow", "publishClientReceive # allow"))
        writer, name = self.user("writer")
        tool = self.subscribe(self.topic("#"), *reader)
        refused = self.publish(self.topic("x"), "early", "-q", "1", "-d", *writer)
        self.assertRegex(refused.stdout + refused.stderr, "RC:135|[Nn]ot authori")
        self.control("createRole", "may-write")
        self.control("addRoleACL", "may-write", "publishClientSend", self.topic("#"), "allow")
        self.control("addClientRole", name, "may-write")
        self.assertEqual(self.publish(self.topic("x"), "later", "-q", "1", *writer).returncode, 0)
        tool.wait_for("later")
        self.assertFalse(tool.lines("early"))

    def test_subscribing_needs_a_role(self):
        reader, _ = self.user("reader", self.role(f"subscribeLiteral {self.topic('open')} allow"))
        self.subscribe(self.topic("open"), *reader)
        tool = self.run_tool(*self.client("mosquitto_sub", "-V", "5", "-d", "-t", self.topic("closed"), *reader))
        tool.wait_for(r"denied|\): 135")

    def test_unsubscribing_may_be_denied(self):
        role = self.role("subscribePattern # allow", "publishClientReceive # allow", "publishClientSend # allow",
                         f"unsubscribeLiteral {self.topic('a')} deny")
        user, _ = self.user("stays", role)
        tool = self.run_tool(*self.client("mosquitto_sub", "-V", "5", "-d", "-v", "-t", self.topic("b"), "-U", self.topic("a"), *user))
        tool.wait_for("received UNSUBACK")

    def test_a_message_that_may_not_be_received_is_not(self):
        role = self.role("subscribePattern # allow", "publishClientSend # allow", f"publishClientReceive {self.topic('secret/#')} deny")
        user, _ = self.user("reader", role)
        before = self.publish(self.topic("secret/kept"), "retained", "-r", "-q", "1", *user)
        self.assertEqual(before.returncode, 0)
        tool = self.subscribe(self.topic("#"), "-q", "1", *user)
        for number in range(20):
            self.publish(self.topic("secret/x" if number % 2 else "open/x"), f"m{number}.", "-q", str(number % 3), *user)
        tool.wait_for("m18\\.$")
        got = [line for line in tool.lines(r" m\d+\.$")]
        self.assertEqual([re.search(r"m(\d+)", line).group(1) for line in got], [str(n) for n in range(0, 20, 2)])
        self.assertFalse(tool.lines("secret"))

    def test_groups_give_their_roles(self):
        role = self.role("publishClientSend # allow", "subscribePattern # allow")
        user, name = self.user("member")
        tool = self.run_tool(*self.client("mosquitto_sub", "-V", "5", "-d", "-t", self.topic(), *user))
        tool.wait_for(r"denied|\): 135")
        group = f"{self._testMethodName}-group"
        self.control("createGroup", group)
        self.control("addGroupRole", group, role)
        self.control("addGroupClient", group, name)
        self.subscribe(self.topic(), *user)
        self.assertIn(name, self.control("getGroup", group))
        self.control("removeGroupClient", group, name)
        tool = self.run_tool(*self.client("mosquitto_sub", "-V", "5", "-d", "-t", self.topic(), *user))
        tool.wait_for(r"denied|\): 135")

    def set_default(self, what, allow):
        """As an order of its own: mosquitto_ctrl 2.0.11 sends it in a form that changes nothing, in Debian's broker either."""
        order = '{"commands":[{"command":"setDefaultACLAccess","acls":[{"acltype":"%s","allow":%s}]}]}' % (what, allow)
        self.assertEqual(self.publish("$CONTROL/dynamic-security/v1", order, "-q", "1", *ADMIN).returncode, 0)
        wanted = "allow" if allow == "true" else "deny"
        wait_until(lambda: re.search(rf"{what}\s*: {wanted}", self.control("getDefaultACLAccess")), f"{what} is {wanted}")

    def test_default_access_holds_where_no_role_says_anything(self):
        user, _ = self.user("plain")
        refused = self.publish(self.topic(), "x", "-q", "1", "-d", *user)
        self.assertRegex(refused.stdout + refused.stderr, "RC:135|[Nn]ot authori")
        self.set_default("publishClientSend", "true")
        self.addCleanup(self.set_default, "publishClientSend", "false")
        allowed = self.publish(self.topic(), "x", "-q", "1", "-d", *user)
        self.assertNotRegex(allowed.stdout + allowed.stderr, "RC:135|[Nn]ot authori")
        reader, _ = self.user("reader", self.role("subscribePattern # allow"))
        tool = self.subscribe(self.topic(), *reader)
        self.publish(self.topic(), "before", "-q", "1", *user)
        tool.wait_for("before")
        tool.kill()
        # What is denied by default reaches nobody.
        self.set_default("publishClientReceive", "false")
        self.addCleanup(self.set_default, "publishClientReceive", "true")
        deaf = self.subscribe(self.topic(), *reader)
        admin = self.subscribe("$CONTROL/#", *ADMIN)
        self.publish(self.topic(), "meanwhile", "-q", "1", *user)
        self.set_default("publishClientReceive", "true")
        admin.wait_for("setDefaultACLAccess")
        again = self.subscribe(self.topic(), *reader)
        self.publish(self.topic(), "after", "-q", "1", *user)
        again.wait_for("after")
        self.assertFalse(deaf.lines("meanwhile"))

    def test_who_is_disabled_deleted_or_changed_is_disconnected(self):
        role = self.role("subscribePattern # allow")
        for number, change in enumerate((["disableClient", None], ["deleteClient", None], ["setClientPassword", None, "other"],
                                         ["removeClientRole", None, role])):
            user, name = self.user(f"user{number}", role)
            tool = self.subscribe(self.topic(str(number)), *user)
            self.control(*[name if part is None else part for part in change])
            tool.wait_for(r"DISCONNECT \(152\)")
            if number < 3:
                self.assertNotEqual(self.publish("x", "1", *user).returncode, 0)

    def test_a_changed_role_disconnects_those_who_have_it(self):
        role = self.role("subscribePattern # allow")
        user, name = self.user("user", role)
        tool = self.subscribe(self.topic(), *user)
        self.control("addRoleACL", role, "publishClientReceive", self.topic(), "deny")
        tool.wait_for(r"DISCONNECT \(152\)")

    def test_orders_are_for_those_who_may_give_them(self):
        user, _ = self.user("plain", self.role("subscribePattern # allow", "publishClientSend # allow"))
        reader = self.subscribe("$CONTROL/dynamic-security/v1/response", *ADMIN)
        order = '{"commands":[{"command":"createClient","username":"intruder","password":"x"}]}'
        eve, _ = self.user("eve")
        refused = self.publish("$CONTROL/dynamic-security/v1", order, "-q", "1", "-d", *eve)
        self.assertRegex(refused.stdout + refused.stderr, "RC:135|[Nn]ot authori")
        self.assertNotIn("intruder", self.control("listClients"))
        for qos in "012":
            asked = order.replace("intruder", f"friend{qos}")
            self.assertEqual(self.publish("$CONTROL/dynamic-security/v1", asked, "-q", qos, *ADMIN).returncode, 0)
            wait_until(lambda: f"friend{qos}" in self.control("listClients"), "the client was created")
        reader.wait_for("createClient")
        self.assertFalse(reader.lines("^\\$CONTROL/dynamic-security/v1 "))

    def refused(self, topic, *who):
        done = self.publish(topic, "x", "-q", "1", "-d", *who)
        return re.search("RC:135|[Nn]ot authori|denied", done.stdout + done.stderr) is not None

    def test_a_default_that_changes_holds_at_once_for_who_is_there(self):
        user, _ = self.user("user", self.role("subscribePattern # allow", "publishClientSend # allow"))
        tool = self.subscribe(self.topic(), *user)
        for number, allowed in enumerate(("true", "false", "true")):
            self.set_default("publishClientReceive", allowed)
            self.publish(self.topic(), f"live-{number}", "-q", "1", *user)
        self.addCleanup(self.set_default, "publishClientReceive", "true")
        tool.wait_for("live-2")
        self.assertTrue(tool.lines("live-0"))
        self.assertFalse(tool.lines("live-1") + tool.lines("DISCONNECT"))

    def test_a_changed_role_holds_when_its_clients_are_back(self):
        role = self.role("subscribePattern # allow", "publishClientSend # allow")
        user, _ = self.user("user", role)
        topic = self.topic()
        tool = self.subscribe(topic, *user)
        self.control("addRoleACL", role, "publishClientReceive", topic, "deny")
        tool.wait_for(r"DISCONNECT \(152\)")
        deaf = self.subscribe(topic, *user)
        self.publish(topic, "denied-now", "-q", "1", *user)
        self.control("removeRoleACL", role, "publishClientReceive", topic)
        deaf.wait_for(r"DISCONNECT \(152\)")
        again = self.subscribe(topic, *user)
        self.publish(topic, "allowed-now", "-q", "1", *user)
        again.wait_for("allowed-now")
        self.assertFalse(deaf.lines("denied-now"))
        self.control("addRoleACL", role, "publishClientSend", topic, "deny", "10")
        self.assertTrue(self.refused(topic, *user))

    def test_who_is_disabled_may_be_enabled_again(self):
        user, name = self.user("user", self.role("publishClientSend # allow"))
        self.control("disableClient", name)
        self.assertNotEqual(self.publish("x", "1", *user).returncode, 0)
        self.assertRegex(self.control("getClient", name), "(?i)disabled")
        self.control("enableClient", name)
        self.assertEqual(self.publish("x", "1", *user).returncode, 0)

    def test_a_changed_password_counts(self):
        _, name = self.user("user", self.role("publishClientSend # allow"))
        self.control("setClientPassword", name, "other")
        self.assertNotEqual(self.publish("x", "1", "-u", name, "-P", "secret").returncode, 0)
        self.assertEqual(self.publish("x", "1", "-u", name, "-P", "other").returncode, 0)

    def test_a_client_may_be_bound_to_its_client_id(self):
        user, name = self.user("user", self.role("publishClientSend # allow"))
        self.control("setClientId", name, "its-own")
        self.assertEqual(self.publish("x", "1", "-i", "its-own", *user).returncode, 0)
        self.assertNotEqual(self.publish("x", "1", "-i", "anothers", *user).returncode, 0)

    def test_those_without_a_name_have_the_rights_of_their_group(self):
        self.assertTrue(self.refused(self.topic()))
        group, role = f"{self._testMethodName}-group", self.role("publishClientSend # allow", "subscribePattern # allow")
        self.control("createGroup", group)
        self.control("addGroupRole", group, role)
        self.control("setAnonymousGroup", group)
        self.assertIn(group, self.control("getAnonymousGroup"))
        self.assertFalse(self.refused(self.topic()))
        tool = self.subscribe(self.topic())
        self.publish(self.topic(), "for everybody", "-q", "1")
        tool.wait_for("for everybody")
        self.control("removeGroupRole", group, role)
        tool.wait_for(r"DISCONNECT \(152\)")
        self.assertTrue(self.refused(self.topic()))

    def test_what_there_is_can_be_listed_and_deleted(self):
        role = self.role(f"publishClientSend {self.topic()} allow")
        user, name = self.user("user", role)
        group = f"{self._testMethodName}-group"
        self.control("createGroup", group)
        self.control("addGroupClient", group, name)
        self.control("addGroupRole", group, role)
        self.assertRegex(self.control("getClient", name), f"(?s){name}.*{role}.*{group}|{name}.*{group}.*{role}")
        self.assertIn(name, self.control("listClients"))
        self.assertIn(role, self.control("listRoles"))
        self.assertIn(group, self.control("listGroups"))
        self.assertRegex(self.control("getRole", role), f"publishClientSend.*{re.escape(self.topic())}")
        self.assertRegex(self.control("getGroup", group), f"(?s){name}|{role}")
        self.assertFalse(self.refused(self.topic(), *user))
        self.control("removeClientRole", name, role)
        self.assertFalse(self.refused(self.topic(), *user))  # by the group
        self.control("deleteGroup", group)
        self.assertTrue(self.refused(self.topic(), *user))
        self.control("deleteRole", role)
        self.assertNotIn(role, self.control("listRoles"))
        self.assertNotIn(group, self.control("listGroups"))

    def test_what_was_made_survives_a_restart(self):
        role = self.role("subscribePattern # allow")
        user, name = self.user("kept", role)
        grouped, other = self.user("grouped")
        group = f"{self._testMethodName}-group"
        self.control("createGroup", group)
        self.control("addGroupRole", group, role)
        self.control("addGroupClient", group, other)
        self.control("setClientPassword", other, "changed")
        gone, gone_name = self.user("gone", role)
        self.control("deleteClient", gone_name)
        self.assertIn(name, self.file.read_text())
        self.broker.signal(harness.signal.SIGTERM)
        self.assertEqual(self.broker.process.wait(harness.DEADLINE_S), 0)
        self.broker.start()
        self.subscribe(self.topic(), *user)
        self.subscribe(self.topic(), "-u", other, "-P", "changed")
        self.assertNotEqual(self.publish("x", "1", *grouped).returncode, 0)
        self.assertNotEqual(self.publish("x", "1", *gone).returncode, 0)
        self.assertIn(group, self.control("getClient", other))


if __name__ == "__main__":
    main()
