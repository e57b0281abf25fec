import Synchronization

/// The free lists of one migrate type in a zone, by order (a row of `free_area[].free_list[]`).
///
/// The heads lie behind the links of the pages, so that indices alone lead from page to page and back to the head.
/// Frames and heads are such indices; `bit` is 2^order.
@frozen
@usableFromInline
struct FreeLists {
  /// The memory map's links.
  @usableFromInline let links: UnsafeMutablePointer<PageLinks>
  /// The head of order 0.
  @usableFromInline let first: UInt32

  @inlinable
  init(links: UnsafeMutablePointer<PageLinks>, first: UInt32) {
    self.links = links
    self.first = first
  }

  @inlinable
  @inline(__always)
  func head(_ order: Int) -> UInt32 { first &+ UInt32(truncatingIfNeeded: order) &* 2 }

  @inlinable
  @inline(__always)
  func list(at head: UInt32) -> UnsafeMutablePointer<FreeList> {
    UnsafeMutableRawPointer(links + Int(head)).assumingMemoryBound(to: FreeList.self)
  }

  @inlinable
  subscript(order: Int) -> UnsafeMutablePointer<FreeList> { list(at: head(order)) }

  /// Which of the lists are not empty, as bits; written under the zone's lock.
  @inlinable
  @inline(__always)
  var nonEmpty: UnsafeMutablePointer<Atomic<UInt32>> {
    UnsafeMutableRawPointer(links + Int(first) + 30).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  /// Takes the first block off a list that has one; answers the block.
  ///
  /// - Parameter orders: the value of ``nonEmpty``.
  @inlinable
  @inline(__always)
  func takeFirst(at head: UInt32, orders: UInt32, bit: Int) -> Int {
    let list = list(at: head)
    let frame = Int(list.pointee.links.next)
    let next = links[frame].next
    list.pointee.links.next = next
    links[Int(next)].previous = head
    list.pointee.count &-= 1
    if list.pointee.count == 0 {
      nonEmpty.pointee.store(orders ^ UInt32(truncatingIfNeeded: bit), ordering: .relaxed)
    }
    return frame
  }

  /// Adds a block.
  @inlinable
  @inline(__always)
  func add(_ frame: Int, at head: UInt32, bit: Int, toTail: Bool) {
    let orders = nonEmpty.pointee.load(ordering: .relaxed)
    nonEmpty.pointee.store(orders | UInt32(truncatingIfNeeded: bit), ordering: .relaxed)
    let list = list(at: head)
    list.pointee.count &+= 1
    let index = UInt32(truncatingIfNeeded: frame)
    if toTail {
      let last = list.pointee.links.previous
      links[frame] = PageLinks(next: head, previous: last)
      links[Int(last)].next = index
      list.pointee.links.previous = index
    } else {
      let first = list.pointee.links.next
      links[frame] = PageLinks(next: first, previous: head)
      links[Int(first)].previous = index
      list.pointee.links.next = index
    }
  }

  /// Takes a block out of the middle.
  @inline(__always)
  func remove(_ frame: Int, at head: UInt32, bit: Int) {
    let place = links[frame]
    links[Int(place.previous)].next = place.next
    links[Int(place.next)].previous = place.previous
    let list = list(at: head)
    list.pointee.count &-= 1
    if list.pointee.count == 0 {
      let orders = nonEmpty.pointee.load(ordering: .relaxed)
      nonEmpty.pointee.store(orders ^ UInt32(truncatingIfNeeded: bit), ordering: .relaxed)
    }
  }
}

/// Blocks leave the lists with the state of their last place; the caller sets the new one.
extension Zone {
  /// The lists of a type.
  @inlinable
  @inline(__always)
  func lists(_ type: MigrateType) -> FreeLists { lists(rawType: type.rawValue) }

  @inlinable
  @inline(__always)
  func lists(rawType: UInt8) -> FreeLists {
    FreeLists(
      links: state.pointee.map.links, first: state.pointee.listHeads &+ UInt32(rawType) &<< 5)
  }

  /// Takes a block from the type's own lists (`__rmqueue_smallest`).
  @inline(__always)
  func takeSmallestLocked(order: Int, type: MigrateType) -> UInt32? {
    let lists = lists(type)
    let frame =
      takeExactLocked(order: order, lists: lists) ?? takeSplittingLocked(order: order, lists: lists)
    return frame.map { UInt32(truncatingIfNeeded: $0) }
  }

  /// Takes a block of exactly the order, as most requests find one.
  @inlinable
  @inline(__always)
  func takeExactLocked(order: Int, lists: FreeLists) -> Int? {
    let orders = lists.nonEmpty.pointee.load(ordering: .relaxed)
    let bit = 1 &<< order
    guard orders & UInt32(truncatingIfNeeded: bit) != 0 else { return nil }
    let frame = lists.takeFirst(at: lists.head(order), orders: orders, bit: bit)
    // Only the lock's owner writes, so load and store need not be one step.
    state.pointee.freePages.store(freePages &- bit, ordering: .relaxed)
    return frame
  }

  @inline(never)
  private func takeSplittingLocked(order: Int, lists: FreeLists) -> Int? {
    splitLocked(order: order, lists: lists, state: .allocated(order))
  }

  /// Takes the lowest part of the first of the smallest larger blocks (`expand`); there is none of exactly the order.
  ///
  /// - Parameter state: what the block becomes.
  @inline(__always)
  func splitLocked(order: Int, lists: FreeLists, state newState: PageState) -> Int? {
    let (states, links) = (state.pointee.map.states, lists.links)
    let orders = lists.nonEmpty.pointee.load(ordering: .relaxed)
    let wanted = 1 &<< order
    let larger = orders & UInt32(truncatingIfNeeded: 0 &- wanted)
    guard larger != 0 else { return nil }
    let have = larger.trailingZeroBitCount
    var bit = 1 &<< have
    var head = lists.head(have)
    var free = freeState(have).rawValue
    // The lists of the orders between are empty, or the block would be one of theirs.
    let between = UInt32(truncatingIfNeeded: bit &- wanted)
    lists.nonEmpty.pointee.store(orders | between, ordering: .relaxed)
    let frame = lists.takeFirst(at: head, orders: orders | between, bit: bit)
    state.pointee.freePages.store(freePages &- wanted, ordering: .relaxed)
    states[frame].store(newState.rawValue, ordering: .relaxed)
    repeat {
      bit &>>= 1
      head &-= 2
      free &-= 1
      let upper = frame &+ bit
      states[upper].store(free, ordering: .relaxed)
      links[upper] = PageLinks(both: head)
      let list = lists.list(at: head)
      list.pointee.links = PageLinks(both: UInt32(truncatingIfNeeded: upper))
      list.pointee.count = 1
    } while bit != wanted
    return frame
  }
}
