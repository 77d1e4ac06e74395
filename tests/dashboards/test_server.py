"""Only loopback, a port that is free, and no word to the outside."""

import socket

import pytest

from dashboards.server import check_address, streamlit_options
from pipeline.errors import ConfigError
from tests.dashboards.conftest import settings_for


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_other_hosts_than_loopback_are_refused(host):
    with pytest.raises(ConfigError, match="not loopback"):
        check_address(host, 8501)


def test_taken_port_is_named_with_the_remedy():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port = {port}.*set another"):
            check_address("127.0.0.1", port)


def test_streamlit_is_told_to_be_quiet_and_strict(tmp_path):
    options = streamlit_options(settings_for(tmp_path, port=9000))
    assert options["browser.gatherUsageStats"] is False
    assert options["client.showErrorDetails"] == "none"
    assert options["server.enableXsrfProtection"] is True
    assert options["server.enableCORS"] is True
    assert options["server.address"] == "127.0.0.1"
    assert options["server.port"] == 9000
