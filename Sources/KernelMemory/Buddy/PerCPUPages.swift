/// One CPU's lists of ready pages in one zone, in front of the buddy lists.
///
/// Orders 0 to 3 by migrate type, and order 9 for huge pages. Pages leave from the top; freed ones come to the top,
/// refilled ones leave in the order they came, and a drain takes from the bottom. Source: `rmqueue_pcplist`,
/// `free_unref_page_commit` and `free_pcppages_bulk` in `mm/page_alloc.c`.
@frozen
public struct PerCPUPages: @unchecked Sendable {
  @usableFromInline let cpu: UnsafeMutablePointer<CPUState>
  @usableFromInline let state: UnsafeMutablePointer<PerCPUState>

  @inlinable
  init(cpu: UnsafeMutablePointer<CPUState>, state: UnsafeMutablePointer<PerCPUState>) {
    self.cpu = cpu
    self.state = state
  }

  /// Three types of four orders, then huge pages that are movable or not (`NR_PCP_LISTS`).
  static var listCount: Int { 14 }
  /// Largest order below the huge page's that is kept (`PAGE_ALLOC_COSTLY_ORDER`).
  @inlinable static var maxSmallOrder: Int { 3 }
  static var hugePageOrder: Int { pageblockOrder }

  public var zone: Zone { state.pointee.zone }
  /// Pages on the lists.
  public var count: Int { cpu.pointee.guarded.asStranger { pageCount } }
  /// Pages that the lists may hold at this moment.
  public var high: Int { cpu.pointee.guarded.asStranger { state.pointee.high } }
  /// Pages moved to and from the buddy lists at a time.
  public var batch: Int { state.pointee.batch }
  /// Pages of the zone that the CPU allocated and freed since boot.
  public var events: PageEvents {
    cpu.pointee.guarded.asStranger { state.pointee.events(count: pageCount) }
  }

  /// The first frames of the blocks of one order, those of one type with the next to leave first; without a type,
  /// all types one after another. O(blocks).
  public func blocks(order: Int, type: MigrateType? = nil) -> [PageFrame] {
    let types = type.map { [$0] } ?? [.unmovable, .movable, .reclaimable]
    var lists: [Int] = []
    for case let list? in types.map({ Self.list(order, $0) }) where !lists.contains(list) {
      lists.append(list)
    }
    return cpu.pointee.guarded.asStranger {
      lists.flatMap { index in
        let list = stack(index).pointee
        return (0..<list.count).map { PageFrame(Int(list.top[-1 - $0])) }
      }
    }
  }

  /// ``count``, within the CPU's guard. O(lists).
  var pageCount: Int {
    // Four bytes for each block.
    var bytes = 0
    for row in 0..<Self.rows {
      let lists = stack(0, row: row)
      let tops = Int(bitPattern: lists[0].top) &+ Int(bitPattern: lists[1].top)
      let bottoms = Int(bitPattern: lists[0].bottom) &+ Int(bitPattern: lists[1].bottom)
      let last = Int(bitPattern: lists[2].top) &- Int(bitPattern: lists[2].bottom)
      bytes &+= (tops &- bottoms &+ last) &<< (row == Self.rows - 1 ? Self.hugePageOrder : row)
    }
    return bytes &>> 2
  }

  // MARK: Lists by number

  /// The number of the list for blocks of an order, or nil when they go straight to the buddy lists
  /// (`order_to_pindex`).
  static func list(_ order: Int, _ type: MigrateType) -> Int? {
    switch order {
    case 0...maxSmallOrder: 3 * order + column(type)
    case hugePageOrder: 12 + (column(type) == 1 ? 1 : 0)
    default: nil
    }
  }

  /// Orders with lists, each a row in memory.
  static var rows: Int { 5 }

  /// The list of a type among those of its order; blocks kept for atomic requests count as movable.
  static func column(_ type: MigrateType) -> Int { type.isMergeable ? type.index : 1 }

  /// The order of the blocks on a list (`pindex_to_order`).
  static func order(ofList list: Int) -> Int { list < 12 ? list / 3 : hugePageOrder }

  func stack(_ list: Int) -> UnsafeMutablePointer<PageStack> {
    list < 12 ? stack(list % 3, row: list / 3) : stack(list - 12, row: Self.rows - 1)
  }

  func stack(_ column: Int, row: Int) -> UnsafeMutablePointer<PageStack> {
    let place = PerCPULayout.stateBytes + row * PerCPULayout.orderBytes
    return (UnsafeMutableRawPointer(state) + place).assumingMemoryBound(to: PageStack.self) + column
  }

  func storage(_ list: Int) -> UnsafeMutablePointer<UInt32> {
    state.pointee.storage + list * state.pointee.listCapacity
  }

  /// The list in which a stack of order 0 to 3 lies.
  func list(of stack: UnsafeMutablePointer<PageStack>) -> Int {
    let offset =
      UnsafeRawPointer(stack) - UnsafeRawPointer(state) - PerCPULayout.stateBytes
    return 3 * (offset / PerCPULayout.orderBytes)
      + offset % PerCPULayout.orderBytes / MemoryLayout<PageStack>.stride
  }
}
