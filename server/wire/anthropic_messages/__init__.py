"""Anthropic's Messages format: requests and answers, both ways. Pure."""

from server.wire.anthropic_messages.answer_writer import write_answer as write_answer
from server.wire.anthropic_messages.history import own_history as own_history
from server.wire.anthropic_messages.request_reader import read_request as read_request
from server.wire.anthropic_messages.request_writer import MAX_STOP as MAX_STOP
from server.wire.anthropic_messages.request_writer import tool_id as tool_id
from server.wire.anthropic_messages.request_writer import write_request as write_request
from server.wire.anthropic_messages.stream_reader import Reader as Reader
from server.wire.anthropic_messages.stream_reader import read_usage as read_usage
from server.wire.anthropic_messages.stream_writer import PING as PING
from server.wire.anthropic_messages.stream_writer import Writer as Writer
from server.wire.anthropic_messages.thinking import Thinking as Thinking
