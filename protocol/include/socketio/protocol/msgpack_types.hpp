#pragma once

// The parts of msgpack-c that pack and unpack an application's types: objects, the packer, numbers, and structs with
// MSGPACK_DEFINE, MSGPACK_DEFINE_MAP or MSGPACK_DEFINE_ARRAY. standard_types.hpp has the types of the standard library:
// msgpack-c's own adaptors include a header for each container.
//
// <msgpack.hpp> takes twice the compile time of these. A program may include it as well, or those of its adaptors that it
// needs, for what is not here: readers of streams, std::complex, Boost's types.

// msgpack-c requires Boost unless MSGPACK_NO_BOOST is defined. Programs that have Boost may want its adaptors.
#if !defined(MSGPACK_NO_BOOST) && !__has_include(<boost/predef/other/endian.h>)
#define MSGPACK_NO_BOOST
#endif

#include <socketio/common/language.hpp>

#include <msgpack/object.hpp>
#include <msgpack/pack.hpp>

// Includes only those parts of msgpack-c's copy of Boost.Preprocessor (200 files) that MSGPACK_DEFINE_MAP expands to.
#if defined(MSGPACK_NO_BOOST) && !defined(MSGPACK_PREPROCESSOR_HPP)
#ifndef MSGPACK_PP_VARIADICS
#define MSGPACK_PP_VARIADICS
#endif
#include <msgpack/preprocessor/control/if.hpp>
#include <msgpack/preprocessor/punctuation/is_begin_parens.hpp>
#include <msgpack/preprocessor/seq/for_each.hpp>
#include <msgpack/preprocessor/seq/to_tuple.hpp>
#include <msgpack/preprocessor/stringize.hpp>
#include <msgpack/preprocessor/variadic/to_seq.hpp>
#define MSGPACK_PREPROCESSOR_HPP
#include <msgpack/adaptor/define.hpp>
#undef MSGPACK_PREPROCESSOR_HPP
#endif

#include <msgpack/adaptor/bool.hpp>
#include <msgpack/adaptor/carray.hpp>
#include <msgpack/adaptor/char_ptr.hpp>
#include <msgpack/adaptor/define.hpp>
#include <msgpack/adaptor/float.hpp>
#include <msgpack/adaptor/int.hpp>
#include <msgpack/adaptor/nil.hpp>
