#pragma once

#include "filter/byte_filter.hpp"
#include "filter/tls/handles.hpp"

namespace tombo::filter {

/// The two ends between which an SSL works while receive() or send() runs: it reads from the caller's bytes and writes to
/// the caller's sink, so that nothing is held between two calls.
struct Wire {
  Bytes input;
  Sink* outward = nullptr;
};

/// How such a BIO works; outlives those that are made with it.
BioMethodPtr span_bio_method();
/// A BIO between the ends of `wire`, which outlives it.
BioPtr make_span_bio(const BIO_METHOD* method, Wire& wire);

}  // namespace tombo::filter
