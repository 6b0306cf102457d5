#include "filter/tls/span_bio.hpp"

#include "filter/tls/copy.hpp"

#include <algorithm>

namespace tombo::filter {

namespace {

Wire& wire_of(BIO* bio) {
  return *static_cast<Wire*>(BIO_get_data(bio));
}

int read(BIO* bio, char* into, std::size_t size, std::size_t* done) {
  Wire& wire = wire_of(bio);
  BIO_clear_retry_flags(bio);
  const std::size_t count = std::min(size, wire.input.size());
  *done = count;
  if (count == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  copy(reinterpret_cast<std::uint8_t*>(into), wire.input.data(), count);
  wire.input = wire.input.subspan(count);
  return 1;
}

int write(BIO* bio, const char* from, std::size_t size, std::size_t* done) {
  Wire& wire = wire_of(bio);
  BIO_clear_retry_flags(bio);
  *done = 0;
  if (wire.outward == nullptr) return 0;
  append(*wire.outward, reinterpret_cast<const std::uint8_t*>(from), size);
  *done = size;
  return 1;
}

long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace

BioMethodPtr span_bio_method() {
  // Nobody looks for it by its type, and BIO_get_new_index() has few to give away.
  BioMethodPtr method(BIO_meth_new(BIO_TYPE_SOURCE_SINK | 127, "span"));
  if (method == nullptr) return nullptr;
  BIO_meth_set_read_ex(method.get(), read);
  BIO_meth_set_write_ex(method.get(), write);
  BIO_meth_set_ctrl(method.get(), control);
  return method;
}

BioPtr make_span_bio(const BIO_METHOD* method, Wire& wire) {
  BioPtr bio(BIO_new(method));
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio.get(), &wire);
  BIO_set_init(bio.get(), 1);
  return bio;
}

}  // namespace tombo::filter
