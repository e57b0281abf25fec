import AllocationTrace

/// Takes frames out of a stream of bytes, whose chunks may end anywhere.
public struct WireReader {
  private var bytes: [UInt8] = []
  private var next = 0
  private var end = 0

  public init() {}

  /// Adds bytes that arrived. Amortised O(their number).
  public mutating func append(_ chunk: UnsafeRawBufferPointer) {
    if next == bytes.count {
      bytes.removeAll(keepingCapacity: true)
      next = 0
    } else if next > 1 << 20 {
      bytes.removeFirst(next)
      next = 0
    }
    bytes.append(contentsOf: chunk)
  }

  /// Whether bytes are left over that make no whole frame yet.
  public var holdsPart: Bool { next < bytes.count }

  /// The next whole request, or nil when more bytes are needed.
  public mutating func request() throws(WireError) -> WireRequest? {
    guard try openFrame() else { return nil }
    let request: WireRequest
    switch try byte() {
    case Wire.perform:
      let gathering = try byte() != 0
      var operations: [TraceOperation] = []
      while next < end { operations.append(try operation()) }
      request = .perform(operations, gathering: gathering)
    case Wire.mark: request = .mark(Int(bitPattern: try number()))
    case let tag: throw .tag(tag)
    }
    try closeFrame()
    return request
  }

  /// The next whole answer, or nil when more bytes are needed.
  ///
  /// - Parameters:
  ///   - numbers: the longest list that the question can have.
  ///   - textBytes: the longest text. What is announced to be longer is refused before it arrives.
  public mutating func answer(
    mostNumbers numbers: Int = Wire.payloadCap, mostTextBytes textBytes: Int = Wire.payloadCap
  ) throws(WireError) -> WireAnswer? {
    guard try openFrame(cap: max(textBytes, 10 * min(numbers, Wire.payloadCap)) + 16) else {
      return nil
    }
    let answer: WireAnswer
    switch try byte() {
    case 0: answer = .outcome(.done)
    case 1: answer = .outcome(.none)
    case 2: answer = .outcome(.number(try signed()))
    case 3: answer = .outcome(.truth(false))
    case 4: answer = .outcome(.truth(true))
    case 5: answer = .outcome(.text(try text(most: textBytes)))
    case 6:
      // Every number has at least one byte, so a count above what is left is a lie that costs no memory.
      let count = try number()
      guard count <= UInt(end - next) else { throw .size }
      guard count <= UInt(max(0, numbers)) else { throw .tooManyNumbers }
      var list: [Int] = []
      list.reserveCapacity(Int(count))
      for _ in 0..<count { list.append(try signed()) }
      answer = .outcome(.numbers(list))
    case 7: answer = .outcome(.refused(try text(most: textBytes)))
    case 8: answer = .outcome(.skipped)
    case 9: answer = .mark(Int(bitPattern: try number()))
    case let tag: throw .tag(tag)
    }
    try closeFrame()
    return answer
  }

  /// Enters the next frame if all of it has arrived.
  private mutating func openFrame(cap: Int = Wire.payloadCap) throws(WireError) -> Bool {
    guard bytes.count - next >= 4 else { return false }
    var length = 0
    for index in 0..<4 { length |= Int(bytes[next + index]) << (8 * index) }
    guard (1...Wire.payloadCap).contains(length) else { throw .length(length) }
    if length > cap {
      // The first byte says what there is too much of.
      guard bytes.count - next > 4 else { return false }
      throw bytes[next + 4] == 6 ? .tooManyNumbers : .tooLongText
    }
    guard bytes.count - next - 4 >= length else { return false }
    next += 4
    end = next + length
    return true
  }

  private func closeFrame() throws(WireError) {
    guard next == end else { throw .size }
  }

  private mutating func byte() throws(WireError) -> UInt8 {
    guard next < end else { throw .size }
    defer { next += 1 }
    return bytes[next]
  }

  private mutating func number() throws(WireError) -> UInt {
    var value: UInt = 0
    var shift: UInt = 0
    while true {
      let byte = try byte()
      guard shift < 63 || byte <= 1 else { throw .size }
      value |= UInt(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
  }

  private mutating func signed() throws(WireError) -> Int {
    let folded = try number()
    return Int(bitPattern: (folded >> 1) ^ (0 &- (folded & 1)))
  }

  private mutating func text(most: Int = Wire.payloadCap) throws(WireError) -> String {
    let count = try number()
    guard count <= UInt(max(0, most)) else { throw .tooLongText }
    guard count <= UInt(end - next) else { throw .size }
    defer { next += Int(count) }
    return String(decoding: bytes[next..<next + Int(count)], as: UTF8.self)
  }

  private mutating func operation() throws(WireError) -> TraceOperation {
    let verb = try byte()
    let count = Int(try byte())
    var arguments: [Argument] = []
    arguments.reserveCapacity(count)
    for _ in 0..<count {
      switch try byte() {
      case 0: arguments.append(.number(try signed()))
      case 1:
        let operation = Int(bitPattern: try number())
        arguments.append(.block(Handle(operation, offset: try signed())))
      case 2: arguments.append(.text(try text()))
      case let tag: throw .tag(tag)
      }
    }
    return TraceOperation(verb: verb, arguments)
  }
}
