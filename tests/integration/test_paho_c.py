"""Paho C, synchronous and asynchronous, over 3.1.1 and 5.0; CMake builds the programs and says where they are."""

import os
from pathlib import Path

from harness import BrokerTest, HOST, main

PROGRAMS = Path(os.environ.get("PAHO_C_PROGRAMS", "."))


class PahoC(BrokerTest):
    def run_program(self, name, version):
        program = self.run_tool(PROGRAMS / name, f"tcp://{HOST}:{self.port}", version)
        self.assertEqual(program.wait_exit(60), 0, program.output())
        self.assertEqual(program.lines()[-1], "PASSED")

    def test_synchronous_client_3_1_1(self):
        self.run_program("paho_c_sync", 4)

    def test_synchronous_client_5(self):
        self.run_program("paho_c_sync", 5)

    def test_asynchronous_client_3_1_1(self):
        self.run_program("paho_c_async", 4)

    def test_asynchronous_client_5(self):
        self.run_program("paho_c_async", 5)


if __name__ == "__main__":
    main()
