#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <socketio/common/gather.hpp>

namespace gather_test {

using socketio::Gather;
using Of = Gather::Of;
using Until = Gather::Until;

TEST_CASE("gather: of all responders, it is complete when the last has responded") {
  Gather gather;
  gather.expect(2);
  gather.add_response();
  CHECK_FALSE(gather.is_over());
  CHECK(gather.missing() == 1);
  gather.add_response();
  CHECK(gather.is_complete());
  CHECK(gather.missing() == 0);
}

TEST_CASE("gather: while the number of responders is unknown it is not over, and nobody is missing") {
  for (const Of of : {Of::responders, Of::clients}) {
    Gather gather({of});
    CHECK_FALSE(gather.is_over());
    of == Of::clients ? gather.add_announcement(0) : gather.add_response();
    CHECK_FALSE(gather.is_over());
    CHECK_FALSE(gather.have_all_responded());
    CHECK(gather.missing() == 0);
    gather.expect(1);
    CHECK(gather.is_complete());
  }
}

TEST_CASE("gather: responders may be added until the last is known") {
  Gather gather;
  gather.expect(1);
  gather.expect(2);
  CHECK(gather.expected() == 3U);
  gather.add_response();
  CHECK(gather.missing() == 2);
}

TEST_CASE("gather: more responses than were expected are complete, and nobody is missing") {
  Gather gather;
  gather.expect(1);
  gather.add_response();
  gather.add_response();
  CHECK(gather.is_complete());
  CHECK(gather.received() == 2);
  CHECK(gather.missing() == 0);
}

TEST_CASE("gather: of clients, it is complete when all announced clients have answered") {
  Gather gather({Of::clients});
  gather.expect(2);
  gather.add_ack();  // may arrive before its server's announcement
  gather.add_announcement(2);
  gather.add_ack();
  CHECK_FALSE(gather.is_over());  // the other server may have clients, too
  CHECK_FALSE(gather.have_all_responded());
  gather.add_announcement(1);
  CHECK(gather.have_all_responded());
  CHECK_FALSE(gather.is_over());
  CHECK(gather.clients() == 3);
  gather.add_ack();
  CHECK(gather.is_complete());
}

TEST_CASE("gather: with nobody to ask all is complete at once; the first answer and a quorum are over, but not complete") {
  for (const Of of : {Of::responders, Of::clients}) {
    for (const Until until : {Until::all, Until::first, Until::quorum}) {
      Gather gather({of, until});
      gather.expect(0);
      CHECK(gather.is_over());
      CHECK(gather.is_complete() == (until == Until::all));
    }
  }
}

TEST_CASE("gather: servers without clients have nobody who could answer") {
  Gather gather({Of::clients, Until::first});
  gather.expect(1);
  CHECK_FALSE(gather.is_over());
  gather.add_announcement(0);
  CHECK(gather.is_over());
  CHECK_FALSE(gather.is_complete());
}

TEST_CASE("gather: the first answer is enough, also before the responders are counted") {
  Gather of_servers({Of::responders, Until::first});
  of_servers.add_response();
  CHECK(of_servers.is_complete());
  Gather of_clients({Of::clients, Until::first});
  of_clients.add_announcement(3);
  CHECK_FALSE(of_clients.is_over());
  of_clients.add_ack();
  CHECK(of_clients.is_complete());
}

TEST_CASE("gather: a quorum is more than half") {
  constexpr std::array<std::size_t, 6> quorum_of{0, 1, 2, 2, 3, 3};
  for (std::size_t asked = 1; asked < quorum_of.size(); ++asked) {
    Gather of_servers({Of::responders, Until::quorum});
    Gather of_clients({Of::clients, Until::quorum});
    of_servers.expect(asked);
    of_clients.expect(1);
    of_clients.add_announcement(asked);
    for (std::size_t answers = 0; answers <= asked; ++answers) {
      CAPTURE(asked);
      CAPTURE(answers);
      CHECK(of_servers.is_complete() == (answers >= quorum_of[asked]));
      CHECK(of_clients.is_complete() == (answers >= quorum_of[asked]));
      of_servers.add_response();
      of_clients.add_ack();
    }
  }
}

TEST_CASE("gather: a given number of answers completes it, however many responders there are") {
  Gather gather({Of::responders, Until::first, 2});
  gather.expect(1);
  gather.add_response();
  CHECK_FALSE(gather.is_over());
  gather.add_response();
  CHECK(gather.is_complete());
  Gather none({Of::responders, Until::quorum, 0});
  CHECK(none.is_complete());
}

TEST_CASE("gather: a responder is new once; without a name it always is") {
  Gather gather;
  CHECK(gather.is_new("a"));
  CHECK_FALSE(gather.is_new("a"));
  CHECK(gather.is_new("b"));
  CHECK(gather.is_new(""));
  CHECK(gather.is_new(""));
}

TEST_CASE("gather: the missing are the listed names that have not responded, sorted") {
  Gather gather;
  gather.expect(3);
  CHECK(gather.missing_of({"c", "a", "b"}) == std::vector<std::string>{"a", "b", "c"});
  CHECK(gather.is_new("b"));
  gather.add_response();
  CHECK(gather.missing_of({"c", "a", "b"}) == std::vector<std::string>{"a", "c"});
  CHECK(gather.is_new("a"));
  CHECK(gather.is_new("c"));
  gather.add_response();
  gather.add_response();
  CHECK(gather.missing_of({"a", "d"}).empty());  // all have responded; "d" came later
}

TEST_CASE("gather: where responses have no names it does not say who is missing") {
  Gather gather;
  gather.expect(2);
  CHECK(gather.is_new(""));
  gather.add_response();
  CHECK(gather.missing() == 1);
  CHECK(gather.missing_of({"a", "b"}).empty());
}

TEST_CASE("gather: it finishes once, whether complete or not") {
  Gather gather;
  gather.expect(1);
  CHECK_FALSE(gather.is_finished());
  CHECK(gather.finish());
  CHECK_FALSE(gather.finish());
  CHECK(gather.is_finished());
  CHECK(gather.missing() == 1);  // as it was at the deadline
}

}  // namespace gather_test
