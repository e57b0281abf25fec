/// Free blocks within pages. Source: `slob_page_alloc`, `slob_alloc`, `slob_free` in `mm/slob.c`.
///
/// Places within a page are in units from its start; ``SLOB/unitsPerPage`` ends a list. A block of one unit has no
/// room for two numbers: it holds the next block's place, negated.
extension SLOB {
  private func page(_ frame: UInt32) -> UnsafeMutablePointer<Int16> {
    UnsafeMutablePointer<Int16>(bitPattern: address(of: frame)).unsafelyUnwrapped
  }

  /// Size and successor of the free block at a place.
  func block(_ frame: UInt32, _ place: Int) -> (units: Int, next: Int) {
    let words = page(frame)
    let first = Int(words[place])
    return first > 0 ? (first, Int(words[place + 1])) : (1, -first)
  }

  private func setBlock(_ frame: UInt32, _ place: Int, units: Int, next: Int) {
    let words = page(frame)
    if units > 1 {
      words[place] = Int16(units)
      words[place + 1] = Int16(next)
    } else {
      words[place] = Int16(-next)
    }
  }

  /// Place of the first free block; the end for a page without room.
  func first(_ frame: UInt32) -> Int {
    slabs[Int(frame)].freeList == 0
      ? Self.unitsPerPage : Int(slabs[Int(frame)].freeList - address(of: frame)) / Self.unit
  }

  private func setFirst(_ frame: UInt32, _ place: Int) {
    slabs[Int(frame)].freeList =
      place == Self.unitsPerPage ? 0 : address(of: frame) + UInt(place * Self.unit)
  }

  /// The list for pages that a request of some bytes begins.
  static func list(_ bytes: Int) -> Int { bytes < 256 ? 0 : bytes < 1024 ? 1 : 2 }

  // MARK: Taking

  /// Takes a block whose address plus `before` is a multiple of `align`; 0 for none.
  func take(
    _ bytes: Int, align: Int, before: Int, gfp: GFPFlags, cpu: CPU
  ) throws(SlabError) -> UInt {
    let list = Self.list(bytes)
    lock.lock()
    let found = search(list, bytes, align, before)
    lock.unlock()
    if found != 0 { return found }
    let mask = gfp.intersection(.slabCaller).union(gfp.intersection([.dma]))
    guard let frame = try newPages(0, gfp: mask, cpu: cpu) else { return 0 }
    lock.lock()
    defer { lock.unlock() }
    pageCount += 1
    slabs[Int(frame)].place = .partial
    slabs[Int(frame)].colour = UInt32(list)
    slabs[Int(frame)].objects = UInt32(Self.unitsPerPage)
    setBlock(frame, 0, units: Self.unitsPerPage, next: Self.unitsPerPage)
    setFirst(frame, 0)
    lists[list].insert(frame, atTail: false, in: slabs)
    return takeBlock(frame, Self.units(bytes), align, before)
  }

  /// Looks through a list's pages; the list then begins with the page that served.
  private func search(_ list: Int, _ bytes: Int, _ align: Int, _ before: Int) -> UInt {
    let units = Self.units(bytes)
    var frame = lists[list].first
    while frame != 0 {
      let next = slabs[Int(frame)].next
      if Int(slabs[Int(frame)].objects) >= units {
        let address = takeBlock(frame, units, align, before)
        if address != 0 {
          // The pages before it move to the end, so that the next search begins here.
          if slabs[Int(frame)].place == .partial { rotate(list, to: frame) }
          return address
        }
      }
      frame = next
    }
    return 0
  }

  private func rotate(_ list: Int, to frame: UInt32) {
    let (first, last) = (lists[list].first, lists[list].last)
    guard frame != first else { return }
    let before = slabs[Int(frame)].previous
    slabs[Int(last)].next = first
    slabs[Int(first)].previous = last
    slabs[Int(before)].next = 0
    slabs[Int(frame)].previous = 0
    lists[list].first = frame
    lists[list].last = before
  }

  /// Takes units of a page's free blocks; 0 when none will do.
  private func takeBlock(_ frame: UInt32, _ units: Int, _ align: Int, _ before: Int) -> UInt {
    guard let choice = choose(frame, units, align, before) else { return 0 }
    let (previous, place, skipped) = choice
    let (available, next) = block(frame, place)
    let start = place + skipped
    let end = start + units
    // What is left on the right, then on the left.
    var follower = next
    if end < place + available {
      setBlock(frame, end, units: place + available - end, next: next)
      follower = end
    }
    if skipped > 0 {
      setBlock(frame, place, units: skipped, next: follower)
    } else if previous == Self.unitsPerPage {
      setFirst(frame, follower)
    } else {
      setBlock(frame, previous, units: block(frame, previous).units, next: follower)
    }
    slabs[Int(frame)].freeIndices = UInt(end)
    usedUnits += units
    slabs[Int(frame)].objects -= UInt32(units)
    if slabs[Int(frame)].objects == 0 {
      lists[Int(slabs[Int(frame)].colour)].remove(frame, in: slabs)
      slabs[Int(frame)].place = .none
    }
    return address(of: frame) + UInt(start * Self.unit)
  }

  /// The free block that the policy picks: the one before it (the end for none), its place, and units to skip.
  private func choose(
    _ frame: UInt32, _ units: Int, _ align: Int, _ before: Int
  ) -> (previous: Int, place: Int, skipped: Int)? {
    var chosen: (previous: Int, place: Int, skipped: Int)?
    var chosenUnits = Int.max
    let resume = fit == .next ? Int(slabs[Int(frame)].freeIndices) : 0
    var previous = Self.unitsPerPage
    var place = first(frame)
    while place != Self.unitsPerPage {
      let (available, next) = block(frame, place)
      let start = address(of: frame) + UInt(place * Self.unit + before)
      let skipped = Int((UInt(align) &- start) & UInt(align - 1)) / Self.unit
      if available >= units + skipped {
        switch fit {
        case .first: return (previous, place, skipped)
        case .next:
          if place >= resume { return (previous, place, skipped) }
          if chosen == nil { chosen = (previous, place, skipped) }
        case .best:
          if available < chosenUnits {
            chosen = (previous, place, skipped)
            chosenUnits = available
          }
        }
      }
      (previous, place) = (place, next)
    }
    return chosen
  }

  // MARK: Giving back

  /// Makes a block free and joins it with its neighbours; a page that is all free goes back.
  func give(
    _ address: UInt, bytes: Int, name: String, cpu: CPU, site: CallSite
  ) throws(SlabError) {
    guard address.isMultiple(of: UInt(Self.unit)) else {
      throw .misuse(notABlock(address, name, site))
    }
    let frame = UInt32((address &- base) >> 12)
    let units = Self.units(bytes)
    lock.lock()
    var report: SlabReport.Kind?
    let isEmpty = putBlock(frame, Int(address & UInt(pageSize - 1)) / Self.unit, units, &report)
    if let report {
      lock.unlock()
      throw .misuse(
        noted(
          SlabReport(report, cache: name, address: mapped(address), object: mapped(address)), site))
    }
    usedUnits -= units
    if isEmpty { pageCount -= 1 }
    lock.unlock()
    if isEmpty { try freePages(frame, order: 0, cpu: cpu) }
  }

  /// Whether the page is all free then, and off its list.
  private func putBlock(
    _ frame: UInt32, _ place: Int, _ units: Int, _ report: inout SlabReport.Kind?
  ) -> Bool {
    guard place + units <= Self.unitsPerPage else {
      report = .misaligned
      return false
    }
    var previous = Self.unitsPerPage
    var next = first(frame)
    while next < place {
      previous = next
      next = block(frame, next).next
    }
    if next < place + units
      || previous < Self.unitsPerPage && previous + block(frame, previous).units > place
    {
      report = .doubleFree
      return false
    }
    let list = Int(slabs[Int(frame)].colour)
    if Int(slabs[Int(frame)].objects) + units == Self.unitsPerPage {
      if slabs[Int(frame)].place == .partial { lists[list].remove(frame, in: slabs) }
      return true
    }
    var (size, follower) = (units, next)
    if next == place + units, next < Self.unitsPerPage {
      let right = block(frame, next)
      (size, follower) = (size + right.units, right.next)
    }
    if previous < Self.unitsPerPage, previous + block(frame, previous).units == place {
      setBlock(frame, previous, units: block(frame, previous).units + size, next: follower)
    } else {
      setBlock(frame, place, units: size, next: follower)
      if previous == Self.unitsPerPage {
        setFirst(frame, place)
      } else {
        setBlock(frame, previous, units: block(frame, previous).units, next: place)
      }
    }
    slabs[Int(frame)].objects += UInt32(units)
    if slabs[Int(frame)].place != .partial {
      let list = Self.list(units * Self.unit)
      slabs[Int(frame)].colour = UInt32(list)
      slabs[Int(frame)].place = .partial
      lists[list].insert(frame, atTail: false, in: slabs)
    }
    return false
  }

  func notABlock(_ address: UInt, _ name: String, _ site: CallSite) -> SlabReport {
    noted(SlabReport(.misaligned, cache: name, address: mapped(address)), site)
  }
}
