#include "help.hpp"

#include "common/help_parts.hpp"

namespace socketio::cli::fleet {

namespace {

constexpr std::string_view before_connection =
    R"(socketio-fleet looks at a Socket.IO fleet, through Redis.

Examples:
  socketio-fleet servers                    the servers, and which do not answer
  socketio-fleet rooms                      rooms and how many are in each
  socketio-fleet sockets -t kitchen         who is in a room
  socketio-fleet count -n /admin            how many there are, of a namespace
  socketio-fleet tap                        all messages between servers and
                                            from emitters, decoded, live
  socketio-fleet tap -t kitchen -e order    only events "order" to a room
  socketio-fleet tap -n /admin -o json      a namespace, a JSON object a line
  socketio-fleet tap --transport streams --last 20
                                            the last 20, and those that follow
  socketio-fleet tap -o quiet --record fleet.ndjson --for 1m
                                            record a minute, to play it back
  socketio-fleet doctor                     what is wrong with this fleet, and
                                            what to do about it
  socketio-fleet doctor --listen 10s        the same, and 10 s of its messages

Usage:
  socketio-fleet [options] COMMAND

Commands:
  servers    one line per server and namespace: uid, namespaces, transport,
             time of the answer, sockets. A server that has one uid in several
             namespaces has one line for all of them
  rooms      rooms and their sizes, the largest first
  sockets    sockets with id, rooms, data and handshake
  count      how many sockets there are
  tap        everything on the bus, decoded, live, without disturbing the fleet.
             It ends with Ctrl-C, with --limit or with --for
  doctor     what is wrong with this fleet, the evidence, and what to do

Which fleet:
)";

constexpr std::string_view after_connection =
    R"(      --transport NAMES    classic, sharded, streams; several with commas
                           between; all; auto: the one that is in use. Default:
                           auto, and classic when no server listens; doctor and
                           servers look at all in use. rooms, sockets and count
                           take one
      --key KEY            the adapters' key or channelPrefix (socket.io)
      --sharded-mode MODE  sharded: the adapters' subscriptionMode, dynamic
                           (default), static or dynamic-private
      --stream-name NAME   streams: the adapters' streamName (default socket.io)
      --stream-count N     streams: the adapters' streamCount (default 1)
      --stream-maxlen N    streams: the adapters' maxLen (default 10000)
  -n, --nsp NSP            this namespace; repeatable (default: all). rooms,
                           sockets and count take one (default: /)
      --timeout DURATION   how long to wait for answers: 500ms, 5s (default), 1m

asking:
  -t, --to ROOM            sockets and count: those in this room; repeatable.
                           tap: messages that name this room
      --room ROOM          as --to
      --room-number N      sockets in a room that a JavaScript server named by a
                           number; repeatable
  -x, --except ROOM        sockets and count: skip this room; repeatable
      --without-ids        rooms: leave out rooms that are socket ids
      --answers-max SIZE   end a request above this size of answers (default 1G)

tap:
  -e, --event NAME         only events of this name; repeatable
      --from ID            streams: from this entry on, like 1700000000123-0;
                           0 is the oldest that is there
      --last N             streams: begin with the last N entries
      --limit N            end after N messages
      --for DURATION       end after this time
      --record FILE        write the messages to a file that socketio-emit can
                           replay

doctor:
      --recovery-window DURATION
                           streams: how long clients may be away and miss
                           nothing (default 2m)
      --requests-timeout DURATION
                           the adapters' requestsTimeout (default 5s)
      --listen DURATION    read the fleet's messages for this time, and report
                           malformed ones and senders that do not subscribe

Output:
  -o, --output FORMAT      text (default on a terminal), json (default
                           otherwise), or quiet
  -v, --verbose            print what happens, and show longer arguments
  -V, --version            print the version
  -h, --help               print this

)";

constexpr std::string_view after_environment =
    R"(
In a sharded fleet a tap is counted as a server while it runs, because there are
no patterns; it answers every request at once. Elsewhere nobody notices it.

Exit status:
  0    all done; doctor: nothing is wrong
  1    wrong options, or a file that cannot be used
  2    no connection, not allowed, or no server to ask
  3    output or recording is incomplete: its reader or the disk was too slow,
       or the disk was full
  5    servers did not answer in time: the answers that came are shown
  6    doctor: something is wrong
  130  interrupted (143: terminated; 129: its terminal was closed), with what
       came until then
)";

}  // namespace

const std::string_view help_text = help_parts::joined<before_connection, help_parts::connection, after_connection,
                                                      help_parts::environment, after_environment>;

const std::string_view usage_text =
    R"(Usage: socketio-fleet [options] COMMAND

  socketio-fleet tap -t kitchen

socketio-fleet --help shows more examples and all commands and options.
)";

}  // namespace socketio::cli::fleet
