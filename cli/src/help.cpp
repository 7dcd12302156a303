#include "help.hpp"

namespace socketio::cli {

const std::string_view help_text =
    R"(socketio-emit sends events to the clients of a Socket.IO fleet, through Redis.

Examples:
  socketio-emit news '"hello"'              an event with a string, to everybody
  socketio-emit -s news hello               the same; -s spares the inner quotes
  socketio-emit -t kitchen order 42 '{"drink":"tea"}'
                                            two arguments, to one room
  socketio-emit -n /admin -t ops -x night alert
                                            in a namespace, to a room without
                                            those who are also in another one
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
      --room, --in ROOM    The same. The id of a socket is a room, too
      --room-number N      a room that a JavaScript server named by a number
  -x, --except ROOM        but not clients in this room; repeatable
      --all                everybody in the namespace: needed with --disconnect
                           and --leave where no room is given
  -n, --nsp NSP            namespace (default /)
      --server-side        the servers get the event, not their clients

What happens:
  -s, --string             take every ARG as a plain string
      --volatile           clients that are not ready may miss it
      --compress           have servers compress it ...
      --no-compress        ... or not
      --ack                ask each client for an answer and print it; with
                           --server-side, ask each server. Refused where it
                           would end servers of socket.io-redis 6. Enough is:
      --first              with --ack: one answer
      --quorum             with --ack: answers of more than half of those asked
      --expected N         with --ack: so many answers, whoever is asked
  instead of an event:
      --join ROOM          the chosen clients join a room; repeatable
      --leave ROOM         the chosen clients leave a room; repeatable
      --disconnect         the chosen clients are disconnected
      --close              with --disconnect: the whole connection is closed

Batch:
      --input FILE         read one operation a line; - is standard input
      --replay FILE        the same with a recording of socketio-fleet tap:
                           each line when its time has come
      --speed X            of a replay: 2 is twice as fast; max: no waiting
      --format FORMAT      json (default), or lines: each line is one string
                           argument of EVENT
      --rate N/s           at most N emits a second, evenly
      --line-max SIZE      longest line: 512K, 64M (default), 1G
      --on-error WHAT      a bad line: stop (default), or skip it and go on
      --checkpoint FILE    remember how far it got; run again, it goes on there
      --rejects FILE       lines that failed, are unconfirmed or reached fewer
                           servers than there were, to be fed in again (with
                           --checkpoint without those that the next run sends)

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
                           fail when an emit reached fewer than N servers
                           (taps and other subscribers do not count)

Redis:
  -r, --redis URL          redis://[user:password@]host[:port][/database],
                           rediss://... for TLS, unix:///path,
                           redis+sentinel://host:port,.../master[/database]
                           or redis+cluster://host:port,... (default
                           redis://127.0.0.1:6379)
      --user USER          log in as this ACL user ...
      --password-file FILE ... with the password in the first line of a file
      --sentinel-user USER log in to the sentinels as this user ...
      --sentinel-password-file FILE
                           ... with the password in the first line of a file
      --key KEY            the adapters' key or channelPrefix (default
                           socket.io)
      --timeout DURATION   how long to wait: 500ms, 5s (default), 1m. When
                           Redis goes away during a batch, it counts from then.
                           With --ack: how long answers are waited for
      --transport NAME     how the fleet's servers talk to each other: classic,
                           sharded, streams. Default: look who listens; classic
                           when nobody does (auto: an error then). During a
                           move, several: classic,streams
      --force-transport    send by that transport, even if the servers listen by
                           another one
      --sharded-mode MODE  sharded: the adapters' subscriptionMode, dynamic
                           (default), static or dynamic-private
      --stream-name NAME   streams: the adapters' streamName (default socket.io)
      --stream-count N     streams: their streamCount (default 1)
      --stream-maxlen N    streams: entries that a stream keeps (default 10000)
      --tls-ca FILE        with rediss: the authority to trust, instead of the
                           system's
      --tls-insecure       trust everybody: for tests
      --tls-cert FILE, --tls-key FILE
                           our own certificate and its key

Output:
  -o, --output FORMAT      text (default on a terminal), json (default
                           otherwise), or quiet
  -v, --verbose            say what happens
  -V, --version            print the version
  -h, --help               print this

Environment: SOCKETIO_REDIS, else REDIS_URL (--redis); SOCKETIO_REDIS_PASSWORD;
SOCKETIO_SENTINEL_PASSWORD; SOCKETIO_KEY; SOCKETIO_TRANSPORT; NO_COLOR.

With --output json, the last line of standard output is the summary:
  {"sent":2,"failed":0,"unconfirmed":0,"no_receivers":0,"receivers_min":3,
   "receivers_median":3}
It is one line; of a batch it has "receivers", too: how many emits reached how
many servers, {"1":20,"2":980}. Receivers are servers; a stream does not
tell who reads it: "receivers_unknown" is then how many went into one, and what
nobody knows is null. Unconfirmed emits
were written to a Redis that went away before it answered; they may have
arrived, and are not sent again.

With --ack there is one line for each answer as it comes, {"answer":42}, of a
server {"server":"8899aabbccddeeff","answer":42} where the transport tells who
it is, and then the summary:
  {"clients":3,"answers":2,"missing":1,"servers":2,"servers_missing":0}
  {"servers":2,"answers":1,"missing":1,"missing_servers":["8899aabbccddeeff"]}

Exit status: 0 all done; 1 wrong options or bad input; 2 no connection, or not
allowed; 3 some failed, are unconfirmed, or reached fewer servers than there
were; 4 fewer receivers than required;
5 not all answers had come in time; 130 interrupted (143: terminated; 129: its
terminal was closed), after what was read has been sent.
)";

const std::string_view usage_text =
    R"(Usage: socketio-emit [options] EVENT [ARG...]
       socketio-emit [options] --input FILE|-

  socketio-emit -t kitchen order 42 '{"drink":"tea"}'

socketio-emit --help shows more examples and all options.
)";

}  // namespace socketio::cli
