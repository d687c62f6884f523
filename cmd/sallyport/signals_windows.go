package main

import "os"

var writeSignals []os.Signal
