"""OpenAI's Chat Completions format, as many servers speak it: requests and answers, both ways. Pure."""

from server.wire.openai_chat.answer_writer import write_answer as write_answer
from server.wire.openai_chat.history import own_history as own_history
from server.wire.openai_chat.request_reader import read_request as read_request
from server.wire.openai_chat.request_writer import MAX_STOP as MAX_STOP
from server.wire.openai_chat.request_writer import write_request as write_request
from server.wire.openai_chat.stream_reader import Reader as Reader
from server.wire.openai_chat.stream_reader import read_usage as read_usage
from server.wire.openai_chat.stream_writer import PING as PING
from server.wire.openai_chat.stream_writer import Writer as Writer
