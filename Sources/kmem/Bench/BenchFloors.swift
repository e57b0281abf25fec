import KernelMemory

/// What no allocator can be faster than, called as the contestants are.
enum BenchFloor {
  /// An entry that returns at once: what the harness and an indirect call cost.
  static func call(memory: UnsafeMutableRawPointer) -> BenchSubject {
    BenchSubject(
      name: "call", allocate: { _, _ in 1 }, free: { _, _, _ in }, context: nil, base: memory,
      shift: 12)
  }

  /// An array of free page frames, used from its end.
  static func stack(_ stack: BenchStack, memory: UnsafeMutableRawPointer) -> BenchSubject {
    BenchSubject(
      name: "stack",
      allocate: { _, context in
        let top = context.unsafelyUnwrapped.assumingMemoryBound(
          to: UnsafeMutablePointer<Int>.self)
        top.pointee -= 1
        return top.pointee.pointee
      },
      free: { handle, _, context in
        let top = context.unsafelyUnwrapped.assumingMemoryBound(
          to: UnsafeMutablePointer<Int>.self)
        top.pointee.pointee = handle
        top.pointee += 1
      }, context: UnsafeMutableRawPointer(stack.top), base: memory, shift: 12)
  }

  /// The same handles as the reference gave, at the cost of reading them: the trace, its cache misses and nothing else.
  static func replay(
    _ cursor: UnsafeMutablePointer<UnsafePointer<Int>>, base: UnsafeMutableRawPointer?, shift: Int
  ) -> BenchSubject {
    BenchSubject(
      name: "replay",
      allocate: { _, context in
        let next = context.unsafelyUnwrapped.assumingMemoryBound(to: UnsafePointer<Int>.self)
        let handle = next.pointee.pointee
        next.pointee += 1
        return handle
      },
      free: { _, _, _ in }, context: UnsafeMutableRawPointer(cursor), base: base, shift: shift)
  }
}

/// An array of page frames with a pointer past its last one.
final class BenchStack {
  private let frames: UnsafeMutablePointer<Int>
  let top: UnsafeMutablePointer<UnsafeMutablePointer<Int>>

  init(count: Int) {
    frames = .allocate(capacity: count)
    for index in 0..<count { frames[index] = count - index }
    top = .allocate(capacity: 1)
    top.initialize(to: frames + count)
  }

  deinit {
    frames.deallocate()
    top.deallocate()
  }
}
