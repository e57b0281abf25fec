import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A recording's bytes, decompressed by the system's own tool where they are compressed.
///
/// What cannot be read twice (standard input, a pipe) is first copied to a temporary file without a name.
final class InputFile {
  /// A tool that decompresses from its standard input to its standard output.
  private struct Tool {
    let magic: [UInt8]
    let name: String
    let arguments: [String]
  }

  private static let tools = [
    Tool(magic: [0x28, 0xb5, 0x2f, 0xfd], name: "zstd", arguments: ["-dcq"]),
    Tool(magic: [0x1f, 0x8b], name: "gzip", arguments: ["-dc"]),
  ]

  /// The path as it was given; `-` is standard input.
  let path: String
  private var file: Int32
  private var tool: (name: String, process: Process, output: Pipe)?
  private let searchPath: String
  /// Time spent in reading, the wait for a tool included.
  private(set) var readingTime = Duration.zero

  /// Opens the file at `path`.
  ///
  /// - Parameter searchPath: folders in which the tools are looked for, as in `PATH`.
  init(
    path: String,
    searchPath: String = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
  ) throws(Failure) {
    self.path = path
    self.searchPath = searchPath
    file = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .input("\(path): \(Self.lastError)") }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .input("\(path): \(Self.lastError)") }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .input("\(path) is a folder; name a recording in it")
    default: try spool()
    }
    try rewind()
  }

  deinit {
    stopTool()
    if file >= 0 { close(file) }
  }

  /// Starts again from the first byte.
  func rewind() throws(Failure) {
    stopTool()
    guard lseek(file, 0, SEEK_SET) == 0 else { throw .input("\(path): \(Self.lastError)") }
    var head = [UInt8](repeating: 0, count: 4)
    let count = try Self.read(file, &head, path)
    guard lseek(file, 0, SEEK_SET) == 0 else { throw .input("\(path): \(Self.lastError)") }
    guard let tool = Self.tools.first(where: { head.prefix(count).starts(with: $0.magic) }) else {
      return
    }
    try start(tool)
  }

  /// Fills `buffer` from its start and answers the number of bytes; 0 at the end.
  ///
  /// - Throws: when reading fails, and at the end when the tool found the compressed bytes damaged.
  func read(_ buffer: inout [UInt8]) throws(Failure) -> Int {
    let start = ContinuousClock.now
    defer { readingTime += ContinuousClock.now - start }
    let count = try Self.read(
      tool?.output.fileHandleForReading.fileDescriptor ?? file, &buffer, path)
    if count == 0, let tool {
      tool.process.waitUntilExit()
      let status = tool.process.terminationStatus
      guard status == 0 else {
        throw .input(
          "\(path): \(tool.name) stopped with status \(status): the file is damaged or cut off")
      }
    }
    return count
  }

  private static func read(_ file: Int32, _ buffer: inout [UInt8], _ path: String) throws(Failure)
    -> Int
  {
    while true {
      let count = buffer.withUnsafeMutableBytes { readBytes(file, $0) }
      if count >= 0 { return count }
      if errno != EINTR { throw .input("\(path): \(lastError)") }
    }
  }

  private static func readBytes(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.read(file, buffer.baseAddress, buffer.count)
    #elseif canImport(Musl)
      Musl.read(file, buffer.baseAddress, buffer.count)
    #else
      Darwin.read(file, buffer.baseAddress, buffer.count)
    #endif
  }

  private static var lastError: String { String(cString: strerror(errno)) }

  private func start(_ tool: Tool) throws(Failure) {
    let places = searchPath.split(separator: ":").map { "\($0)/\(tool.name)" }
    guard let program = places.first(where: { access($0, X_OK) == 0 }) else {
      throw .input(
        "\(path) is compressed, and the program \(tool.name) that reads it is not in PATH; "
          + "install \(tool.name), or decompress the file elsewhere")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = tool.arguments
    process.standardInput = FileHandle(fileDescriptor: file, closeOnDealloc: false)
    let output = Pipe()
    process.standardOutput = output
    do { try process.run() } catch { throw .input("\(program) cannot be started: \(error)") }
    // The child has its own copy; with ours open the end would never come.
    try? output.fileHandleForWriting.close()
    self.tool = (tool.name, process, output)
  }

  private func stopTool() {
    guard let tool else { return }
    // A tool that still writes stops when nobody reads.
    try? tool.output.fileHandleForReading.close()
    if tool.process.isRunning { tool.process.terminate() }
    tool.process.waitUntilExit()
    self.tool = nil
  }

  /// A file of some of this one's lines, counted from 1, which goes with this process.
  func excerpt(_ wanted: [ClosedRange<Int>]) throws(Failure) -> InputFile {
    try rewind()
    let (copy, name) = try Self.temporaryFile(path)
    defer {
      close(copy)
      unlink(name)
    }
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var line = 1
    var ranges = wanted[...]
    while !ranges.isEmpty {
      let count = try read(&buffer)
      if count == 0 { break }
      var part: [UInt8] = []
      for byte in buffer[..<count] {
        if let range = ranges.first, range.contains(line) { part.append(byte) }
        if byte == UInt8(ascii: "\n") {
          if line == ranges.first?.upperBound { ranges.removeFirst() }
          line += 1
        }
      }
      try Self.write(part[...], to: copy, path)
    }
    return try InputFile(path: name)
  }

  /// Copies what cannot be read twice to a temporary file, which has no name and so goes with this process.
  private func spool() throws(Failure) {
    let (copy, name) = try Self.temporaryFile(path)
    unlink(name)
    let source = file
    file = copy
    defer { close(source) }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try Self.read(source, &buffer, path)
      if count == 0 { return }
      try Self.write(buffer[..<count], to: copy, path)
    }
  }

  private static func temporaryFile(_ path: String) throws(Failure) -> (file: Int32, name: String) {
    var template = Array((NSTemporaryDirectory() + "/kmem.XXXXXX").utf8CString)
    let file = mkstemp(&template)
    guard file >= 0 else { throw .input("no temporary file for \(path): \(lastError)") }
    return (file, template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
  }

  private static func write(
    _ bytes: ArraySlice<UInt8>, to file: Int32, _ path: String
  ) throws(Failure) {
    var rest = bytes
    while !rest.isEmpty {
      let step = rest.withUnsafeBytes { writeBytes(file, $0) }
      guard step > 0 else { throw .input("no room to keep \(path): \(lastError)") }
      rest = rest.dropFirst(step)
    }
  }

  private static func writeBytes(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.write(file, bytes.baseAddress, bytes.count)
    #elseif canImport(Musl)
      Musl.write(file, bytes.baseAddress, bytes.count)
    #else
      Darwin.write(file, bytes.baseAddress, bytes.count)
    #endif
  }
}
