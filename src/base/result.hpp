#pragma once

#include "base/assert.hpp"

#include <optional>
#include <utility>
#include <variant>

namespace tombo {

/// Wraps the error of a Result so that value and error may have the same type.
template <class E>
struct Failure {
  E error;
};
template <class E>
Failure(E) -> Failure<E>;

/// Either a value or the reason why there is none.  (g++ 12 has no std::expected in C++20 mode.)
template <class T, class E>
class [[nodiscard]] Result {
 public:
  Result(T value) : either_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure<E> failure) : either_(std::in_place_index<1>, std::move(failure.error)) {}

  bool ok() const { return either_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() {
    TOMBO_ASSERT(ok());
    return *std::get_if<0>(&either_);
  }
  const T& value() const {
    TOMBO_ASSERT(ok());
    return *std::get_if<0>(&either_);
  }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  const E& error() const {
    TOMBO_ASSERT(!ok());
    return *std::get_if<1>(&either_);
  }

 private:
  std::variant<T, E> either_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  Result(Failure<E> failure) : error_(std::move(failure.error)) {}

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  const E& error() const {
    TOMBO_ASSERT(!ok());
    return *error_;
  }

 private:
  std::optional<E> error_;
};

}  // namespace tombo
