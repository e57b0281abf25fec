/// Pages come and go, and are looked at.
extension SLOB {
  func newPages(_ order: Int, gfp: GFPFlags, cpu: CPU) throws(SlabError) -> UInt32? {
    let page: PageFrame?
    do throws(PageError) {
      page = try machine.allocatePages(
        order: order, gfp: order > 0 ? gfp.union(.comp) : gfp, cpu: cpu)
    } catch {
      throw .pages(error)
    }
    guard let page else { return nil }
    slabs[page.number] = SlabDescriptor(order: UInt8(order))
    (owners + page.number).update(repeating: Self.mixedPage, count: 1 << order)
    return UInt32(page.number)
  }

  func freePages(_ frame: UInt32, order: Int, cpu: CPU) throws(SlabError) {
    slabs[Int(frame)] = SlabDescriptor()
    (owners + Int(frame)).update(repeating: Self.noCache, count: 1 << order)
    do throws(PageError) {
      try machine.freePages(PageFrame(Int(frame)), order: order, cpu: cpu)
    } catch {
      throw .pages(error)
    }
  }

  /// Whole pages for an object of a page or more.
  func takeWhole(_ order: Int, gfp: GFPFlags, cpu: CPU) throws(SlabError) -> UInt {
    guard let frame = try newPages(order, gfp: gfp.intersection(.slabCaller), cpu: cpu)
    else { return 0 }
    slabs[Int(frame)].place = .full
    lock.lock()
    wholePages += 1 << order
    lock.unlock()
    return address(of: frame)
  }

  func giveWhole(_ frame: UInt32, cpu: CPU) throws(SlabError) {
    let order = Int(slabs[Int(frame)].order)
    lock.lock()
    wholePages -= 1 << order
    lock.unlock()
    try freePages(frame, order: order, cpu: cpu)
  }

  /// Every page with room: its free blocks ascend, do not touch, and add up.
  func checkPages() throws(SlabInvariantViolation) {
    lock.lock()
    defer { lock.unlock() }
    for (number, list) in lists.enumerated() {
      var (length, previous, frame) = (0, UInt32(0), list.first)
      while frame != 0, length <= list.count {
        let page = slabs[Int(frame)]
        guard page.place == .partial, Int(page.colour) == number, page.previous == previous,
          owners[Int(frame)] == Self.mixedPage
        else {
          throw SlabInvariantViolation(
            .lists, "SLOB",
            "page frame \(PageFrame(Int(frame))) is on list \(number), but says "
              + "that it is not")
        }
        try checkBlocks(frame)
        length += 1
        (previous, frame) = (frame, page.next)
      }
      if length != list.count || list.last != previous {
        throw SlabInvariantViolation(
          .counts, "SLOB", "list \(number) counts \(list.count) pages, but has \(length)")
      }
    }
  }

  private func checkBlocks(_ frame: UInt32) throws(SlabInvariantViolation) {
    var free = 0
    var end = -1
    var place = first(frame)
    while place < Self.unitsPerPage {
      let (units, next) = block(frame, place)
      guard place > end, units > 0, place + units <= Self.unitsPerPage, next > place else {
        throw SlabInvariantViolation(
          .freeList, "SLOB",
          "the free block of \(units) units at unit \(place) of page frame "
            + "\(PageFrame(Int(frame))) does not lie behind the one before, apart from it, "
            + "within the page")
      }
      free += units
      end = place + units
      place = next
    }
    if place != Self.unitsPerPage || free != Int(slabs[Int(frame)].objects) {
      throw SlabInvariantViolation(
        .counts, "SLOB",
        "page frame \(PageFrame(Int(frame))) counts \(slabs[Int(frame)].objects) free units, but "
          + "its blocks have \(free)")
    }
  }
}
