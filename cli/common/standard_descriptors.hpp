#pragma once

namespace socketio::cli {

/// Opens /dev/null for each standard descriptor that is closed: otherwise the next file or socket would get its number, and our
/// output. The replacements fail as closed descriptors do: standard input cannot be read, standard output cannot be written.
void fill_standard_descriptors();

}  // namespace socketio::cli
