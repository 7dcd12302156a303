#include "help.hpp"

#include "common/help_parts.hpp"

namespace socketio::cli {

namespace {

constexpr std::string_view before_connection =
    R"(socketio-emit sends events to the clients of a Socket.IO fleet, through Redis.

Examples:
  socketio-emit news '"hello"'              an event with a string, to everybody
  socketio-emit -s news hello               the same; -s spares the inner quotes
  socketio-emit -t kitchen order 42 '{"drink":"tea"}'
                                            two arguments, to one room
  socketio-emit -n /admin -t ops -x night alert
                                            in a namespace, to a room without
                                            clients that are in another one
  socketio-emit -t gallery photo @cat.jpg   the content of a file, as binary
  socketio-emit -t lobby --join game-7      make sockets join a room
  socketio-emit --input events.ndjson       a batch: one JSON object a line
  tail -f app.log | socketio-emit --input - --format lines log
                                            each line becomes an event
  socketio-emit --replay fleet.ndjson       play what socketio-fleet recorded
  socketio-emit --dry-run -t kitchen order 42
                                            show what would be sent

Usage:
  socketio-emit [options] EVENT [ARG...]
  socketio-emit [options] --input FILE|-
  socketio-emit [options] --replay FILE|-

Each ARG is JSON: 42, true, null, '"text"', '[1,2]', '{"a":1}'. @FILE is the
content of a file as binary, @- that of standard input. Anywhere inside JSON,
{"$binary":"<base64>"} is binary. An EVENT or ARG that begins with a dash
stands behind --, but a negative number may stand anywhere.

Who gets it:
  -t, --to ROOM            clients in this room; repeat it for several rooms.
      --room, --in ROOM    as --to; the id of a socket is a room, too
      --room-number N      a room that a JavaScript server named by a number
  -x, --except ROOM        skip clients in this room; repeatable
      --all                everybody in the namespace: needed with --disconnect
                           and --leave where no room is given
  -n, --nsp NSP            namespace (default /)
      --server-side        the servers get the event, not their clients

What happens:
  -s, --string             take every ARG as a plain string
      --volatile           clients that are not ready may miss the event
      --compress           servers compress the event for their clients
      --no-compress        servers do not compress the event
      --ack                request an answer from each client and print it; with
                           --server-side, from each server. Refused if it would
                           crash servers of socket.io-redis 6
      --first              with --ack: end at the first answer
      --quorum             with --ack: end when more than half have answered
      --expected N         with --ack: end when N answers have arrived
  instead of an event:
      --join ROOM          the chosen clients join a room; repeatable
      --leave ROOM         the chosen clients leave a room; repeatable
      --disconnect         the chosen clients are disconnected
      --close              with --disconnect: the whole connection is closed

Batch:
      --input FILE         read one operation a line; - is standard input
      --replay FILE        play a recording of socketio-fleet tap: each line at
                           its time
      --speed X            replay: 2 is twice as fast; max: without waiting
      --format FORMAT      json (default), or lines: each line is one string
                           argument of EVENT
      --rate N/s           at most N emits a second, evenly
      --line-max SIZE      longest line: 512K, 64M (default), 1G
      --on-error WHAT      a bad line: stop (default), or skip it and go on
      --checkpoint FILE    save how far a batch got; a new run resumes there
      --rejects FILE       write lines that failed, are unconfirmed or reached
                           fewer servers than there were, as input for another
                           run (with --checkpoint: without those that the next
                           run sends anyway)

  {"event":"order","args":[42],"to":["kitchen"],"except":[],"nsp":"/",
   "volatile":true,"compress":false}
  "op" is emit (default), join, leave, disconnect or server-side. For join and
  leave, "rooms" are what is joined or left, "to" and "except" who does; for
  disconnect there is "close". Without "to" (and without --to) an event is for
  everybody; a disconnect or leave needs "all":true for that. "to":[] is for
  nobody (also with --all), "to":null an error. A number among rooms is a
  numeric room. Options of this command are the defaults of every line. Empty
  lines are skipped.
  "at_ms", the time in a recording, only means something to --replay.

Checks:
      --dry-run            print channel, command, message and hex; send nothing
      --require-receivers N
                           fail (status 4) when an emit reached fewer than N
                           servers (taps and other subscribers do not count);
                           with 1, a cron job detects that no server listens

Redis:
)";

constexpr std::string_view after_connection =
    R"(      --key KEY            the adapters' key or channelPrefix (default
                           socket.io)
      --timeout DURATION   how long to wait: 500ms, 5s (default), 1m. When
                           Redis goes away during a batch, it counts from then.
                           With --ack: how long answers are waited for
      --transport NAME     transport of the fleet's servers: classic, sharded,
                           streams. Default: the one in use; classic if no
                           server listens (auto: an error then). While a fleet
                           is being moved, several: classic,streams
      --force-transport    send by the named transport even if the servers use
                           another one
      --sharded-mode MODE  sharded: the adapters' subscriptionMode, dynamic
                           (default), static or dynamic-private
      --stream-name NAME   streams: the adapters' streamName (default socket.io)
      --stream-count N     streams: the adapters' streamCount (default: found)
      --stream-maxlen N    streams: entries that a stream keeps (default 10000)

Output:
  -o, --output FORMAT      text (default on a terminal), json (default
                           otherwise), or quiet
  -v, --verbose            print what happens
  -V, --version            print the version
  -h, --help               print this

)";

constexpr std::string_view after_environment =
    R"(
With --output json, the last line of standard output is the summary:
  {"sent":2,"failed":0,"unconfirmed":0,"no_receivers":0,"receivers_min":3,
   "receivers_median":3}
It is one line; of a batch it has "receivers", too: how many emits reached how
many servers, {"1":20,"2":980}. Receivers are servers; a stream does not
tell who reads it: "receivers_unknown" is then how many went into one, and
numbers that are not known are null. Unconfirmed emits were written to a Redis
that went away before it answered; they may have arrived, and are not sent
again.

With --ack there is one line for each answer as it comes, {"answer":42}, of a
server {"server":"8899aabbccddeeff","answer":42} where the transport tells who
it is, and then the summary:
  {"clients":3,"answers":2,"missing":1,"servers":2,"servers_missing":0}
  {"servers":2,"answers":1,"missing":1,"missing_servers":["8899aabbccddeeff"]}

Exit status:
  0    all done, even if no server listens: see --require-receivers
  1    wrong options or bad input
  2    no connection, not allowed, or the servers use another transport
  3    some failed (also bad lines that --on-error skip left out), are
       unconfirmed, or reached fewer servers than there were; output was lost
  4    an emit reached fewer servers than --require-receivers
  5    --ack: not all answers came in time
  130  interrupted (143: terminated; 129: its terminal was closed), after the
       lines that were read have been sent
)";

}  // namespace

const std::string_view help_text = help_parts::joined<before_connection, help_parts::connection, after_connection,
                                                      help_parts::environment, after_environment>;

const std::string_view usage_text =
    R"(Usage: socketio-emit [options] EVENT [ARG...]
       socketio-emit [options] --input FILE|-

  socketio-emit -t kitchen order 42 '{"drink":"tea"}'

socketio-emit --help shows more examples and all options.
)";

}  // namespace socketio::cli
