/// The columns of an ftrace line before its fields: `task-pid [cpu] flags seconds: event: fields`.
///
/// A task's name may hold anything, also `-`, spaces, `/`, `:` and brackets: the line is split at the first bracket that
/// stands where the processor's does. The flags and the thread group may be missing, as in `trace-cmd report`.
struct EventLine {
  /// The task's id; 0 for the idle task.
  private(set) var task = 0
  private(set) var cpu: UInt16 = 0
  let name: UnsafeBufferPointer<UInt8>
  let fieldsStart: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>

  /// Nil when the line is no event.
  init?(_ line: UnsafeBufferPointer<UInt8>) {
    guard let start = line.baseAddress else { return nil }
    let end = start + line.count
    var bracket = start
    while true {
      bracket = FieldScanner.find(UInt8(ascii: "["), bracket, end)
      guard bracket < end else { return nil }
      if let task = Self.task(start, bracket),
        let (cpu, afterCPU) = Self.cpu(bracket, end),
        let afterTime = Self.afterTime(afterCPU, end),
        let colon = Self.colon(afterTime, end)
      {
        self.task = task
        self.cpu = cpu
        name = UnsafeBufferPointer(start: afterTime, count: colon - afterTime)
        fieldsStart = colon + 1
        self.end = end
        return
      }
      bracket += 1
    }
  }

  /// Whether the event is called `text`.
  @inline(__always)
  func isCalled(_ text: StaticString) -> Bool {
    guard name.count == text.utf8CodeUnitCount else { return false }
    let known = text.utf8Start
    let bytes = name.baseAddress!
    for index in 0..<name.count where bytes[index] != known[index] { return false }
    return true
  }

  /// The task's id before a processor's bracket: `name-123 `, perhaps with `(group) ` after it.
  private static func task(
    _ start: UnsafePointer<UInt8>, _ bracket: UnsafePointer<UInt8>
  ) -> Int? {
    var place = bracket
    while place > start, place[-1] == 32 { place -= 1 }
    guard place > start, place < bracket else { return nil }
    if place[-1] == UInt8(ascii: ")") {
      while place > start, place[-1] != UInt8(ascii: "(") { place -= 1 }
      guard place > start else { return nil }
      place -= 1
      while place > start, place[-1] == 32 { place -= 1 }
    }
    let end = place
    while place > start, place[-1] &- UInt8(ascii: "0") < 10 { place -= 1 }
    guard place > start, place[-1] == UInt8(ascii: "-") else { return nil }
    return FieldScanner.digits(place, end)
  }

  /// The processor's number and the place after its bracket.
  private static func cpu(
    _ bracket: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> (UInt16, UnsafePointer<UInt8>)? {
    var place = bracket + 1
    while place < end, place.pointee &- UInt8(ascii: "0") < 10 { place += 1 }
    guard end - place > 1, place.pointee == UInt8(ascii: "]"), place[1] == 32,
      let number = FieldScanner.digits(bracket + 1, place), number >= 0, number < 8192
    else { return nil }
    return (UInt16(number), place + 2)
  }

  /// The first byte of the event's name, after `flags seconds: ` or `seconds: `.
  private static func afterTime(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8>? {
    var place = start
    for _ in 0..<2 {
      while place < end, place.pointee == 32 { place += 1 }
      let word = place
      while place < end, place.pointee != 32 { place += 1 }
      guard place < end else { return nil }
      let first = word.pointee &- UInt8(ascii: "0")
      if first < 10 && place - word > 2 && place[-1] == UInt8(ascii: ":") {
        while place < end, place.pointee == 32 { place += 1 }
        return place < end ? place : nil
      }
    }
    return nil
  }

  /// The colon that ends the event's name, which is of letters, digits and `_`.
  private static func colon(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8>? {
    var place = start
    while place < end, place.pointee != UInt8(ascii: ":") {
      let byte = place.pointee
      let isLetter = (byte | 32) &- UInt8(ascii: "a") < 26
      guard isLetter || byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: "_") else {
        return nil
      }
      place += 1
    }
    return place < end && place > start ? place : nil
  }
}
