import KernelMemory

/// Who serves a workload's calls: two C functions and what they need, so that all contestants are called alike.
///
/// A handle is an address or a page frame number, 0 where nothing was served; `base + handle << shift` is its memory.
struct BenchSubject {
  typealias Allocate =
    @convention(c) (_ size: Int, _ context: UnsafeMutableRawPointer?) -> Int
  typealias Free =
    @convention(c) (_ handle: Int, _ size: Int, _ context: UnsafeMutableRawPointer?) -> Void

  let name: String
  let allocate: Allocate
  let free: Free
  let context: UnsafeMutableRawPointer?
  let base: UnsafeMutableRawPointer?
  let shift: Int
}

/// What a stretch of calls came to.
struct BenchTally {
  /// Requests that were not served.
  var unserved = 0
  /// Not 0 when a stamp was not as it was left.
  var damage: UInt64 = 0
}

/// Memory of the harness itself: mapped, not allocated, so that no contestant serves it, and touched at once.
final class BenchBuffer<Element: BitwiseCopyable> {
  private let arena: Arena
  let elements: UnsafeMutableBufferPointer<Element>

  /// Off the start of a page, where a page's stamp goes: equal low twelve bits make a load wait for that store.
  private static var start: Int { 64 }

  init(count: Int, blank: Element) {
    let bytes = Self.start + max(1, count) * MemoryLayout<Element>.stride
    do { arena = try Arena(byteCount: (bytes + pageSize - 1) / pageSize * pageSize) } catch {
      fatalError("\(error)")
    }
    let start = (arena.base + Self.start).bindMemory(to: Element.self, capacity: count)
    start.initialize(repeating: blank, count: count)
    elements = UnsafeMutableBufferPointer(start: start, count: count)
  }
}

extension BenchSubject {
  /// Performs `operations` in order. Handles are kept in `slots` and noted in `handles` as they are handed out.
  @inline(never)
  func perform(
    _ operations: UnsafeBufferPointer<BenchOperation>, slots: UnsafeMutablePointer<Int>,
    noting handles: UnsafeMutablePointer<Int>, isTouched: Bool
  ) -> BenchTally {
    isTouched
      ? loop(operations, slots, handles, isTouched: true)
      : loop(operations, slots, handles, isTouched: false)
  }

  @inline(__always)
  private func loop(
    _ operations: UnsafeBufferPointer<BenchOperation>, _ slots: UnsafeMutablePointer<Int>,
    _ handles: UnsafeMutablePointer<Int>, isTouched: Bool
  ) -> BenchTally {
    var tally = BenchTally()
    var noted = handles
    for operation in operations {
      let slot = operation.slot
      let size = Int(operation.size)
      if operation.isFree {
        let handle = slots[slot]
        if handle == 0 { continue }
        if isTouched { tally.damage |= word(handle).pointee ^ Self.stamp(handle, slot) }
        free(handle, size, context)
      } else {
        let handle = allocate(size, context)
        noted.pointee = handle
        noted += 1
        slots[slot] = handle
        if handle == 0 {
          tally.unserved &+= 1
          continue
        }
        if isTouched { word(handle).pointee = Self.stamp(handle, slot) }
      }
    }
    return tally
  }

  @inline(__always)
  func word(_ handle: Int) -> UnsafeMutablePointer<UInt64> {
    UnsafeMutablePointer(bitPattern: UInt(bitPattern: base) &+ UInt(handle) &<< UInt(shift))
      .unsafelyUnwrapped
  }

  @inline(__always)
  static func stamp(_ handle: Int, _ slot: Int) -> UInt64 {
    UInt64(truncatingIfNeeded: handle) &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(truncatingIfNeeded: slot)
  }
}
