#pragma once

// For the library's own folders; not installed.

namespace socketio::net {

template <typename T>
class List;

/// Base class of a list member, which is in at most one list. The links are stored in the member itself, so joining and leaving
/// a list allocate nothing. The destructor removes the member from its list.
template <typename T>
class ListNode {
 public:
  ListNode() noexcept = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  void unlink() noexcept {
    if (next_ != nullptr) {
      previous_->next_ = next_;
      next_->previous_ = previous_;
      previous_ = next_ = nullptr;
    }
  }

 private:
  friend class List<T>;
  ListNode* previous_ = nullptr;
  ListNode* next_ = nullptr;
};

/// Doubly linked list of members in the order in which they joined. Owns none of them. `T` derives from ListNode<T>.
template <typename T>
class List {
 public:
  List() noexcept { end_.previous_ = end_.next_ = &end_; }
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() {
    while (!empty()) {
      end_.next_->unlink();
    }
    end_.previous_ = end_.next_ = nullptr;
  }

  [[nodiscard]] bool empty() const noexcept { return end_.next_ == &end_; }
  /// The first member. The list must not be empty.
  [[nodiscard]] T& front() noexcept { return static_cast<T&>(*end_.next_); }
  /// Appends `member` and removes it from the list it was in before.
  void push_back(ListNode<T>& member) noexcept {
    member.unlink();
    member.previous_ = end_.previous_;
    member.next_ = &end_;
    end_.previous_->next_ = &member;
    end_.previous_ = &member;
  }
  /// Moves all members of `other` to the end.
  void take(List& other) noexcept {
    while (!other.empty()) {
      push_back(*other.end_.next_);
    }
  }

 private:
  ListNode<T> end_;
};

}  // namespace socketio::net
