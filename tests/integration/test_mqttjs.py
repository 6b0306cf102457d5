"""MQTT.js over 3.1.1 and 5.0; tests/run.sh installs the package into build/npm."""

import os
import sys
from pathlib import Path

from harness import BrokerTest, HOST, ROOT, main

MODULES = Path(os.environ.get("TOMBO_NPM", ROOT / "build/npm")) / "node_modules"


class MqttJs(BrokerTest):
    def run_cases(self, version):
        cases = Path(__file__).with_name("mqttjs_cases.js")
        node = self.run_tool("node", cases, HOST, self.port, version, env={**os.environ, "NODE_PATH": str(MODULES)})
        self.assertEqual(node.wait_exit(120), 0, node.output())
        self.assertEqual(node.lines()[-1], "PASSED")

    def test_version_3_1_1(self):
        self.run_cases(4)

    def test_version_5(self):
        self.run_cases(5)


if __name__ == "__main__":
    if not (MODULES / "mqtt").is_dir():
        print(f"MQTT.js is not in {MODULES}: run tests/run.sh, or npm install --prefix build/npm mqtt@5")
        sys.exit(77)  # ctest shows the test as skipped
    main()
